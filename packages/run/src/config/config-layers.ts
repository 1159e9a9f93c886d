/**
 * Layers of a configuration: a preset, then a file, then `--set`, then options. A later layer overrides an earlier one.
 */
import { nearestName, UserError } from '@lstm-gan/core/errors';
import { allFields, configField, fieldsBelow, isMapping, type Field } from '@lstm-gan/core/config';

type Values = Readonly<Record<string, unknown>>;

/** Part of a configuration, and where it comes from. Its keys have been checked. */
export interface ConfigLayer {
  readonly source: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Makes a layer of values from outside. Throws a UserError for a key that no configuration has. */
export function createLayer(source: string, values: Values): ConfigLayer {
  refuseUnknownKeys(source, values, configField(), '');
  return { source, values };
}

function refuseUnknownKeys(source: string, values: Values, field: Field, path: string): void {
  const below = fieldsBelow(field, values);
  for (const [key, value] of Object.entries(values)) {
    const here = path === '' ? key : `${path}.${key}`;
    const child = below.get(key);
    if (child === undefined) throw unknownKey(source, key, path, [...below.keys()]);
    if (isMapping(value) && fieldsBelow(child).size > 0) refuseUnknownKeys(source, value, child, here);
  }
}

/** Keys that people write into a configuration, and the options of commands that they stand for. */
const keysOfOptions: ReadonlyMap<string, string> = new Map([
  ['steps', '--steps'],
  ['maxSteps', '--steps'],
  ['iterations', '--steps'],
  ['images', '--images'],
  ['epochs', '--epochs'],
  ['stopWhen', '--stop-when'],
  ['workers', '--workers'],
  ['threads', '--threads'],
  ['device', '--device'],
  ['gpus', '--device'],
  ['out', '--out'],
  ['outdir', '--out'],
  ['output', '--out'],
  ['resume', '--resume'],
  ['keep', '--keep'],
  ['checkpointEvery', '--checkpoint-every'],
  ['sampleEvery', '--sample-every'],
  ['exchange', '--exchange'],
]);

function unknownKey(source: string, key: string, path: string, siblings: readonly string[]): UserError {
  const camelCase = key.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const option = path === '' ? keysOfOptions.get(camelCase) : undefined;
  if (option !== undefined) {
    return new UserError({
      code: 'unknown-key',
      message: `${source}: there is no ${key}; a configuration says what is computed, not how long or where.`,
      advice: `Leave it out, and give the command the option ${option}.`,
    });
  }
  const prefix = path === '' ? '' : `${path}.`;
  const sibling = nearestName(key, siblings);
  const elsewhere = allFields().find((field) => field.path.endsWith(`.${key}`));
  const nearest = sibling === undefined ? elsewhere?.path : prefix + sibling;
  const holder = path === '' ? 'a configuration' : path;
  const allowed = siblings.length === 0 ? 'nothing below it' : siblings.join(', ');
  return new UserError({
    code: 'unknown-key',
    message: `${source}: there is no ${prefix}${key}; ${holder} has ${allowed}.`,
    advice: nearest === undefined ? 'See docs/config.md, or --print-config.' : `Did you mean ${nearest}?`,
  });
}

/**
 * Merges two layers. Two mappings are merged key by key; otherwise the value of the upper layer replaces the value of
 * the lower layer. If two mappings differ in `kind`, the upper mapping replaces the lower one as a whole, because the
 * other fields depend on the kind. A discriminator of a preset names no kind; one of kind custom replaces it.
 */
export function mergeValues(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above;
  const [kindBelow, kindAbove] = [below['kind'], above['kind']];
  const isReplaced = kindBelow === undefined ? 'filters' in below && kindAbove === 'custom' : kindAbove !== kindBelow;
  if (kindAbove !== undefined && isReplaced) return above;
  // With a Map and fromEntries, __proto__ is a key like any other.
  const merged = new Map<string, unknown>(Object.entries(below));
  for (const [key, value] of Object.entries(above))
    merged.set(key, merged.has(key) ? mergeValues(merged.get(key), value) : value);
  return Object.fromEntries(merged);
}

/** The differences between two configurations as texts: `seed 1, not 9`. Empty if they are equal. */
export function differencesOf(before: unknown, after: unknown, path = ''): string[] {
  if (isMapping(before) && isMapping(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differencesOf(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  const [a, b] = [before, after].map((value) =>
    typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent'),
  );
  return a === b ? [] : [`${path} ${a}, not ${b}`];
}
