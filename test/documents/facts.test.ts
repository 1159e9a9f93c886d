/** Compares what the documents state with the sources: error codes and their sentences, traffic, links, scripts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countParameters, createLayouts, presets, type Preset } from '@lstm-gan/core';
import { readsPairs } from '@lstm-gan/core/step';
import { configure, readSettings } from '@lstm-gan/run';
import { rejectReasons } from '@lstm-gan/transport';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { blocksOf, documents, parseError } from '../support/documents.ts';

const textOf = (name: string): string => documents.get(`docs/${name}.md`) as string;

it('every link of a document leads to a file', () => {
  const broken = [...documents].flatMap(([file, text]) => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^\w+:/.test(target));
    return targets
      .filter((target) => !existsSync(path.join(root, path.dirname(file), target)))
      .map((target) => `${file}: ${target}`);
  });
  expect(broken).toEqual([]);
});

it('every file and folder of the checkout that a document names in code style exists', () => {
  const folders = ['apps', 'docs', 'packages', 'test', 'tools'];
  const existing = folders.flatMap((folder) => [folder, ...entriesBelow(folder)]);
  const known = new Set([...existing, ...existing.map((entry) => path.basename(entry))]);
  // A path from the root, such as packages/core/src/index.ts or test/e2e/*.ts, or the name of a source file, such as
  // index.ts.
  const isPath = (span: string): boolean =>
    (span.includes('/') && folders.includes(span.split('/')[0])) || /^[\w.-]+\.(?:ts|mjs|cc|h|py)$/.test(span);
  const named = [...documents].flatMap(([file, text]) =>
    [...text.matchAll(/`([^`\s]+)`/g)].map(([, span]) => ({ file, name: span.replace(/\/([^/]*\*.*)?$/, '') })),
  );
  const paths = named.filter(({ name }) => isPath(name));
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter(({ name }) => !known.has(name))).toEqual([]);
});

/** Paths of the files and folders below a folder, from the root; without generated ones. */
function entriesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'dist', 'runs'].includes(name))
    .flatMap((entry) => {
      const place = `${folder}/${entry.name}`;
      return entry.isDirectory() ? [place, ...entriesBelow(place)] : [place];
    });
}

it('every document is linked from README', () => {
  const readme = documents.get('README.md') as string;
  expect([...documents.keys()].filter((file) => file !== 'README.md' && !readme.includes(`](${file})`))).toEqual([]);
});

describe('troubleshooting', () => {
  const sources = ['apps', 'packages'].flatMap((rooms) =>
    readdirSync(path.join(root, rooms)).flatMap((room) => {
      const folder = path.join(root, rooms, room, 'src');
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        (file) => file.endsWith('.ts') && !/\.test\.ts$|testing\//.test(file),
      );
      return files.map((file) => readFileSync(path.join(folder, file), 'utf8'));
    }),
  );
  // The sources write `${whom}` in a sentence about the other end of a connection; users see the word `coordinator`
  // there. The sources write a long sentence as several strings that are joined by `+`.
  const all = sources
    .join('\n')
    .replaceAll(/\$\{(this\.#)?whom\}/g, 'coordinator')
    .replaceAll(/['`"] \+\s*['`"]/g, '');
  const rows = [...textOf('troubleshooting').matchAll(/^\| `([a-z0-9-]+)` \| (.+?) \| .+ \|$/gm)].map(
    ([, code, sentence]) => ({ code, sentence }),
  );

  /** Returns the codes of every UserError. Throws if this function cannot read the code of one of them. */
  function codesOf(text: string): string[] {
    const errors = [...text.matchAll(/new UserError\(\s*(?:\{\s*code(?:: ('[^']+'|`[^`]+`))?,|(\w+)[()])/g)];
    if (errors.length !== text.split('new UserError(').length - 1)
      throw new Error(`a UserError whose code cannot be read:\n${text}`);
    const refused = [
      ...text.matchAll(/refuse\(\s*'([a-z][a-z-]+)',\s/g),
      ...text.matchAll(/const code = .* \? '([a-z-]+)' : '([a-z-]+)'/g),
      ...text.matchAll(/(?:abort\(state, |return )\{\s*code: (?:\w+ \? '([a-z-]+)' : )?'([a-z-]+)'/g),
    ].flatMap(([, ...codes]) => codes.filter((code) => code !== undefined));
    return [...errors.flatMap(([, code]) => (code === undefined ? [] : [code.slice(1, -1)])), ...refused].flatMap(
      expand,
    );
  }

  const expand = (code: string): string[] =>
    code === 'rejected-${reason}' ? rejectReasons.map((reason) => `rejected-${reason}`) : [code];

  it('has a row for every error code, and none for a code that does not exist', () => {
    const codes = new Set(sources.flatMap(codesOf));
    expect(codes.size).toBeGreaterThan(50);
    expect([...new Set(rows.map(({ code }) => code))].sort()).toEqual([...codes].sort());
  });

  it('quotes sentences as they are in the sources', () => {
    const wrong = rows.filter(({ sentence }) =>
      sentence.split('…').some((part) => !all.includes(part.trim().replaceAll('\\|', '|'))),
    );
    expect(wrong).toEqual([]);
  });
});

it('the recurrent generators have the numbers of parameters that their page states', () => {
  const rows = [...textOf('recurrent-generators').matchAll(/^\| .+ \| `(\{.*\})` \| ([\d,]+) \|/gm)];
  expect(rows.length).toBeGreaterThan(7);
  for (const [, change, parameters] of rows) {
    const { model } = configure(presets.get('rows') as Preset, [readSettings([`model.generator=${change}`])]);
    expect(countParameters(createLayouts(model).generator).toLocaleString('en'), change).toBe(parameters);
  }
});

describe('several machines', () => {
  it('states the bytes that travel in a step of each preset', () => {
    const table = [...presets.values()].map(({ name, model, batchSize, discriminatorSteps: k }) => {
      const { generator, discriminator } = createLayouts(model);
      const { size, channels } = model.image;
      const bytes = 4 * (generator.size + k * discriminator.size);
      const batches = k + (readsPairs(model) ? 2 : 1);
      const megabytes = [bytes, batches * batchSize * size * size * channels].map((value) => (value / 1e6).toFixed(2));
      const cells = [
        `\`${name}\``,
        ...[generator.size, discriminator.size].map((count) => count.toLocaleString('en')),
        ...megabytes,
        ((4 * 8 * bytes) / 1e6).toFixed(0),
      ];
      return `| ${cells.join(' | ')} |`;
    });
    expect(textOf('several-machines')).toContain(`| --- |\n${table.join('\n')}\n\n`);
  });

  it('has a Slurm script that bash runs, with commands that the program accepts at the first start and at a restart', async () => {
    const [script] = blocksOf(textOf('several-machines'), 'bash');
    const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-slurm-'));
    await writeFile(path.join(folder, 'job.sh'), script);
    await execa('bash', ['-n', 'job.sh'], { cwd: folder });
    // Replaces `lstm-gan` by a script that records its parameters. Called as a coordinator, the script writes the files
    // that the Slurm job waits for.
    const recorder =
      '#!/bin/bash\nprintf "%s\\0" "$@" >> calls; echo >> calls\nif [[ $1 == coordinator ]]; then mkdir -p runs/photos/keys runs/photos/checkpoints; touch runs/photos/checkpoints/step-00000001.safetensors; echo key > runs/photos/keys/worker.key; fi\n';
    await writeFile(path.join(folder, 'lstm-gan'), recorder, { mode: 0o755 });
    await writeFile(path.join(folder, 'srun'), '#!/bin/bash\n"$@"\n', { mode: 0o755 });
    for (let start = 0; start < 2; start++)
      await execa('bash', ['job.sh'], { cwd: folder, env: { PATH: `${folder}:${process.env['PATH']}` } });
    const calls = (await readFile(path.join(folder, 'calls'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split('\0').slice(0, -1));
    expect(calls.map(([command, option]) => [command, option]).sort()).toEqual([
      ['coordinator', '--preset'],
      ['coordinator', '--resume'],
      ['worker', '--connect'],
      ['worker', '--connect'],
    ]);
    for (const words of calls) expect(await parseError(words), words.join(' ')).toBeUndefined();
  });
});
