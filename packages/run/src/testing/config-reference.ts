import { presets } from '@lstm-gan/core';
import { expectationOf, fieldsBelow, isMapping, variantsOf, configField, type Field } from '@lstm-gan/core/config';
import { createRunConfig, type RunConfig } from '../config/run-config.ts';

const introduction = `# Configuration

Every field of a run's configuration: its allowed values, its unit, its value in the presets, and the reason for it. A run
keeps its configuration in \`config.json\`; workers get it from the coordinator. What does not change the weights (the
number of workers, how long to train, paths) is an option of the command: \`lstm-gan train --help\`.

## How to change one

    lstm-gan train --preset rows --print-config > my.yaml     # all fields, each with an explanation; edit this file
    lstm-gan train --config my.yaml --out runs/mine
    lstm-gan train --config my.yaml --set optimizer.generator.learningRate=1e-4 --seed 7 --out runs/mine-2

A configuration starts from a preset. \`--config\` overrides the preset, \`--set\` (which may be repeated) overrides
\`--config\`, and options such as \`--batch-size\` override \`--set\`. A file may have all fields, or only those that differ
from the preset that it names:

\`\`\`yaml
# yaml-language-server: $schema=path/to/config.schema.json
preset: rows
discriminatorSteps: 2
model:
  regularizer: { kind: r1, gamma: 10 }
optimizer:
  generator: &adam { learningRate: 1e-4 }
  discriminator: *adam
\`\`\`

Files are YAML 1.2, or JSON if their name ends with \`.json\`, of at most 64 KiB. A list is replaced as a whole, and so is
a mapping whose \`kind\` changes. An unknown key, a value of the wrong type, and sizes that do not fit together are refused
with an error that says what is wrong. A folder's path in \`data\` is relative to the folder in which the command runs. With
[config.schema.json](config.schema.json), which \`lstm-gan config-schema\` prints, an editor can complete and check a file.

A resumed run keeps its configuration: \`--resume\` refuses any other values, and lists the differences.

This page is made from the schema by \`npx vitest run -u\` in packages/run; a test checks that it is current.
`;

/** Returns the text of docs/config.md. */
export function configReference(): string {
  const sections = [...fieldsBelow(configField())].filter(([, field]) => field.properties ?? field.oneOf);
  const single = [...fieldsBelow(configField())].filter(([, field]) => !(field.properties ?? field.oneOf));
  return [
    introduction,
    '## At the top\n',
    table(single.map(([key, field]) => [key, field])),
    ...sections.flatMap(([key, field]) => section(key, field, '##')),
  ].join('\n');
}

function section(path: string, field: Field, level: string): string[] {
  const heading = `${level} ${path}\n\n${field.description ?? ''}\n`;
  const variants = variantsOf(field);
  if (field.oneOf !== undefined) {
    return [
      heading,
      ...variants.flatMap((variant) => {
        const [, kind] = [...fieldsBelow(variant)][0];
        return [
          `**kind: ${String(kind.const)}** — ${kind.description ?? ''}\n`,
          table(
            [...fieldsBelow(variant)].slice(1).map(([key, child]) => [`${path}.${key}`, child]),
            String(kind.const),
          ),
        ];
      }),
    ];
  }
  const below = [...fieldsBelow(field)].map(([key, child]): [string, Field] => [`${path}.${key}`, child]);
  const isSection = ([, { properties, oneOf }]: [string, Field]): boolean => (properties ?? oneOf) !== undefined;
  const leaves = below.filter((entry) => !isSection(entry));
  return [
    heading,
    ...(leaves.length > 0 ? [table(leaves)] : []),
    ...below.filter(isSection).flatMap(([key, child]) => section(key, child, '###')),
  ];
}

function table(fields: readonly [string, Field][], kind?: string): string {
  if (fields.length === 0) return '';
  const rows = fields.map(([path, field]) => {
    const cells = [
      `\`${path}\``,
      expectationOf(field),
      field.unit ?? '',
      defaultsOf(path, kind),
      `${field.description ?? ''} *Why:* ${field.reason ?? ''}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| field | allowed values | unit | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}

/** The values of a field in the presets: the most frequent one, then the others with the names of their presets. */
function defaultsOf(path: string, kind: string | undefined): string {
  const namesOf = new Map<string, string[]>();
  for (const preset of presets.values()) {
    const value = valueAt(createRunConfig(preset), path.split('.'), kind);
    // A field of one kind has no value in presets of another kind.
    if (value === otherKind) continue;
    const text = value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;
    namesOf.set(text, [...(namesOf.get(text) ?? []), preset.name]);
  }
  const values = [...namesOf].sort(([, a], [, b]) => b.length - a.length);
  if (path === 'preset') return '`digits`';
  if (values.length === 0) return 'none';
  const [[most], ...others] = values;
  return [most, ...others.map(([text, names]) => `${text} in ${names.join(', ')}`)].join('; ');
}

const otherKind = Symbol('a mapping of another kind');

function valueAt(config: RunConfig, path: readonly string[], kind: string | undefined): unknown {
  const holder = path.slice(0, -1).reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), config);
  if (!isMapping(holder)) return kind === undefined ? undefined : otherKind;
  // Only discriminators may leave out their kind.
  if (kind !== undefined && (holder['kind'] ?? 'convolutional') !== kind) return otherKind;
  return holder[path.at(-1) as string];
}
