import { presets } from '@lstm-gan/core';
import { expectationOf, fieldsBelow, isMapping, variantsOf, configField, type Field } from '../config/config-fields.ts';
import { createRunConfig, type RunConfig } from '../config/run-config.ts';

const introduction = `# Configuration

Every field of a run's configuration: what it may be, its unit, what the presets say, and why. A run keeps its own in
\`config.json\`; workers get it from the coordinator. What does not change the weights (how many workers, how long to
train, where things lie) is no part of it, but an option of the command: \`lstm-gan train --help\`.

## How to change one

    lstm-gan train --preset rows --print-config > my.yaml     # everything, each field explained; change what you like
    lstm-gan train --config my.yaml --out runs/mine
    lstm-gan train --config my.yaml --set optimizer.generator.learningRate=1e-4 --seed 7 --out runs/mine-2

A preset lies at the bottom; on it \`--config\`, then \`--set\` (may be given again and again), then options such as
\`--batch-size\`: what is above wins. A file may hold everything, or only what differs from the preset that it names:

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

Files are YAML 1.2 (or JSON, where they are called \`.json\`) of at most 64 KiB. Lists are replaced as a whole, and so is a
mapping whose \`kind\` changes. An unknown key, a value of another type and sizes that do not fit are refused in a sentence.
The path of a folder in \`data\` counts from where the command runs. [config.schema.json](config.schema.json), which
\`lstm-gan config-schema\` prints, lets an editor complete and check a file.

A run that is gone on with keeps its configuration: \`--resume\` with anything that differs is refused, and the differences
are listed.

This page is made from the schema by \`npx vitest run -u\` in packages/run; a test holds that it is current.
`;

/** docs/config.md. */
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
  return ['| field | what it may be | unit | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}

/** What presets say of a field: the most frequent value, then those that say otherwise. */
function defaultsOf(path: string, kind: string | undefined): string {
  const namesOf = new Map<string, string[]>();
  for (const preset of presets.values()) {
    const value = valueAt(createRunConfig(preset), path.split('.'), kind);
    if (value === undefined) continue;
    const text = `\`${JSON.stringify(value)}\``;
    namesOf.set(text, [...(namesOf.get(text) ?? []), preset.name]);
  }
  const values = [...namesOf].sort(([, a], [, b]) => b.length - a.length);
  if (path === 'preset') return '`digits`';
  if (values.length === 0) return 'none';
  const [[most], ...others] = values;
  return [most, ...others.map(([text, names]) => `${text} in ${names.join(', ')}`)].join('; ');
}

function valueAt(config: RunConfig, path: readonly string[], kind: string | undefined): unknown {
  const holder = path.slice(0, -1).reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), config);
  if (!isMapping(holder) || (kind !== undefined && holder['kind'] !== kind)) return undefined;
  return holder[path.at(-1) as string];
}
