/**
 * The fields of a configuration, from its JSON schema: name, allowed values and meaning. Error messages, documents and
 * `--print-config` all get their texts from here.
 */
import { toJSONSchema } from 'zod/mini';
import { runConfigSchema } from './run-config-schema.ts';

/** A node of the schema: the part of JSON Schema that zod writes, and our own `unit` and `reason`. */
export interface Field {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly items?: Field | false;
  readonly prefixItems?: readonly Field[];
  readonly anyOf?: readonly Field[];
  readonly oneOf?: readonly Field[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly description?: string;
  readonly unit?: string;
  readonly reason?: string;
}

type Values = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping of keys to values. */
export function isMapping(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

let tree: Field | undefined;

/** The configuration as a whole. */
export function configField(): Field {
  tree ??= toJSONSchema(runConfigSchema, { io: 'input' }) as Field;
  return tree;
}

/**
 * Returns the variants of a field: one for each `kind`. If the value names a kind, returns only the variant of that
 * kind. If the field has no variants, returns the field itself.
 */
export function variantsOf(field: Field, value?: unknown): readonly Field[] {
  if (field.oneOf === undefined) return [field];
  const chosen = field.oneOf.filter(
    ({ properties }) => isMapping(value) && properties?.['kind']?.const === value['kind'],
  );
  return chosen.length > 0 ? chosen : field.oneOf;
}

/**
 * The fields of a mapping. If the value names a kind, only the fields of that variant; otherwise those of all variants.
 */
export function fieldsBelow(field: Field, value?: unknown): ReadonlyMap<string, Field> {
  const below = new Map<string, Field>();
  const variants = variantsOf(field, value);
  for (const { properties } of variants) {
    for (const [key, child] of Object.entries(properties ?? {})) below.set(key, child);
  }
  const kinds = variants.flatMap(({ properties }) => properties?.['kind']?.const ?? []);
  const kind = below.get('kind');
  if (kind !== undefined && kinds.length > 1)
    below.set('kind', { reason: kind.reason, description: 'Which kind it is.', enum: kinds });
  return below;
}

/** The field at a path, in a configuration with these values. */
export function fieldAt(path: readonly PropertyKey[], values: unknown): Field | undefined {
  let field: Field | undefined = configField();
  let value = values;
  for (const key of path) {
    if (field === undefined) return undefined;
    field =
      typeof key === 'number'
        ? (field.prefixItems?.[key] ?? (field.items || undefined))
        : fieldsBelow(field, value).get(String(key));
    value = isMapping(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return field;
}

/** The values that a field allows, as a text: `a whole number above 0`. */
export function expectationOf(field: Field): string {
  if (field.const !== undefined) return String(field.const);
  if (field.enum !== undefined) return `one of ${field.enum.join(', ')}`;
  if (field.anyOf !== undefined) return field.anyOf.map(expectationOf).join(' or ');
  if (field.oneOf !== undefined || field.properties !== undefined)
    return `a mapping of ${[...fieldsBelow(field).keys()].join(', ')}`;
  if (field.prefixItems !== undefined)
    return `a list of ${field.prefixItems.length}, each ${expectationOf(field.prefixItems[0])}`;
  if (field.items) return `a list, each ${expectationOf(field.items)}`;
  if (field.type === 'boolean') return 'true or false';
  if (field.type === 'string') return 'a text';
  if (field.type === 'null') return 'null';
  if (field.type === 'object') return 'a mapping';
  return `a ${field.type === 'integer' ? 'whole number' : 'number'}${limitsOf(field)}`;
}

function limitsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Field): string {
  const limits = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? [] : [`up to ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
  ];
  return limits.map((limit) => ` ${limit}`).join('');
}

/** All fields of all variants with their paths: `model.regularizer.lambda`. */
export function allFields(): { path: string; field: Field }[] {
  const walk = (path: string, field: Field): { path: string; field: Field }[] =>
    [...fieldsBelow(field)].flatMap(([key, child]) => {
      const below = path === '' ? key : `${path}.${key}`;
      return [{ path: below, field: child }, ...walk(below, child)];
    });
  return walk('', configField());
}
