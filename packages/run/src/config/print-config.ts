import { Document, isPair, isScalar, visit } from 'yaml';
import type { RunConfig } from './run-config.ts';
import { fieldAt, isMapping, type Field } from '@lstm-gan/core/config';

/**
 * A configuration as YAML that can be read back, with a comment above each field that says what it means.
 * @param defaults the configuration of the same preset without changes
 */
export function printConfig(config: RunConfig, defaults: RunConfig): string {
  const document = new Document(config, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => void (list.flow = true),
    Pair(_, { key }, ancestors) {
      if (!isScalar(key)) return;
      const path = [
        ...ancestors.filter(isPair).map((pair) => (isScalar(pair.key) ? String(pair.key.value) : '')),
        String(key.value),
      ];
      const field = fieldAt(path, config);
      if (field !== undefined) key.commentBefore = commentOf(field, valueAt(defaults, path));
      key.spaceBefore = path.length === 1;
    },
  });
  return document.toString({ lineWidth: 0 });
}

function commentOf({ description = '', unit, reason, properties, oneOf }: Field, value: unknown): string {
  if (properties !== undefined || oneOf !== undefined) return ` ${description}`;
  const facts = [
    ...(unit === undefined ? [] : [`unit: ${unit}`]),
    `default: ${value === undefined ? 'none' : JSON.stringify(value)}`,
  ];
  return ` ${description}\n ${facts.join('; ')}. Why: ${reason ?? ''}`;
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), values);
}
