/**
 * Tests the examples of the documents. The program must accept every command line. The tests run short commands, on a
 * small run whose files have the paths that the examples name. They run code unchanged. e2e/browser-docs.test.ts runs
 * the code of docs/browser.md.
 */
import { link, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createWholeProgram } from '../../apps/cli/src/program.ts';
import { lstmGan, root } from '../support/command-line.ts';
import {
  blocksOf,
  documentExamples,
  documents,
  helpExamples,
  inlineExamples,
  parseError,
  type Example,
} from '../support/documents.ts';
import { startProcess } from '../support/processes.ts';

const shown = [...documentExamples(), ...helpExamples()];
const golden = path.join(root, 'test', 'fixtures', 'golden', 'rows-32.safetensors');
/** What the tests put in place of each word that a reader replaces by something of their own. */
const placeholders: Readonly<Record<string, string>> = {
  N: '8',
  NAME: 'digits',
  DIR: 'runs/own',
  FILE: golden,
  SHELL: 'bash',
  COMMAND: 'train',
  CHECKPOINT: 'runs/digits/checkpoints/step-00000002.safetensors',
  '%H-%i': 'node-1',
};
/** The names in the examples that `pattern` captures, once each. */
const mentioned = (pattern: RegExp): Set<string> =>
  new Set(shown.flatMap(({ words }) => words.flatMap((word) => pattern.exec(word)?.[1] ?? [])));
/** The names of classes in the examples, and the runs that have them. */
const classNames = new Set(
  shown.flatMap(({ words }) => words.filter((_word, i) => /^--(to-)?class$/.test(words[i - 1] ?? ''))),
);
const conditionalRuns = new Set(
  shown
    .filter(({ words }) => words.includes('--class'))
    .flatMap(({ words }) => /^runs\/([\w-]+)/.exec(words[1])?.[1] ?? []),
);
const filledIn = ({ words }: Example): string[] => words.map((word) => placeholders[word] ?? word);

describe('the program accepts every command line', () => {
  it('in the documents, and in the help of each command', async () => {
    expect(shown.length).toBeGreaterThan(60);
    const errors = await Promise.all(
      shown.map(async (example) => ({ ...example, error: await parseError(filledIn(example)) })),
    );
    expect(errors.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('within sentences, where required options may be missing', async () => {
    const partial = [
      'commander.missingArgument',
      'commander.missingMandatoryOptionValue',
      'commander.optionMissingArgument',
    ];
    const errors = await Promise.all(
      inlineExamples().map(async (example) => ({ ...example, error: await parseError(filledIn(example)) })),
    );
    expect(errors.filter(({ error }) => error !== undefined && !partial.includes(error))).toEqual([]);
  });
});

describe('run in the places that the examples name', () => {
  const before = process.cwd();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-examples-'));
    // The file of docs/own-network.md, without its imports: this process loads the sources. e2e/own-network.test.ts
    // trains with the files of the page.
    const weight = "{ name: 'a/b', shape: [1], role: 'trainable', initializer: { kind: 'constant', value: 0 } }";
    const layer = `{ parameters: [${weight}], apply: (x) => x }`;
    await writeFile(
      path.join(folder, 'my-network.mjs'),
      `export const generators = { 'my-dense': () => [${layer}] };\n`,
    );
    const { exitCode, stderr } = await lstmGan([
      'train',
      '--steps',
      '2',
      '--workers',
      '1',
      '--sample-every',
      '1',
      '--out',
      path.join(folder, 'runs', 'digits'),
    ]);
    expect(exitCode, String(stderr)).toBe(0);
    const evaluated = { results: { fd2k_digits: 70 }, step: 2, images: 128 };
    await writeFile(path.join(folder, 'runs', 'digits', 'metric-fd2k_digits.jsonl'), `${JSON.stringify(evaluated)}\n`);
    const checkpoints = path.join(folder, 'runs', 'digits', 'checkpoints');
    const [made] = await readdir(checkpoints);
    for (const name of mentioned(/(step-\d{8}\.safetensors)$/))
      if (name !== made) await link(path.join(checkpoints, made), path.join(checkpoints, name));
    await trainOnClasses(path.join(folder, 'classes'), path.join(folder, 'runs', 'with-classes'));
    for (const name of mentioned(/^runs\/([\w-]+)/)) {
      const run = conditionalRuns.has(name) ? 'with-classes' : 'digits';
      if (name !== 'digits') await symlink(run, path.join(folder, 'runs', name));
    }
    await link(golden, path.join(folder, 'article.safetensors'));
    process.chdir(folder);
  });
  afterAll(() => process.chdir(before));

  /** Trains a conditional model on a picture of each class that the examples name. */
  async function trainOnClasses(data: string, out: string): Promise<void> {
    for (const name of classNames) {
      await mkdir(path.join(data, name), { recursive: true });
      const picture = sharp({ create: { width: 32, height: 32, channels: 3, background: '#888' } });
      await picture.png().toFile(path.join(data, name, 'picture.png'));
    }
    const options = ['--preset', 'conditional', '--data', data, '--steps', '1', '--workers', '1', '--out', out];
    const { exitCode, stderr } = await lstmGan(['train', ...options]);
    expect(exitCode, String(stderr)).toBe(0);
  }

  /** Runs a command in this process; resolves to its standard output. */
  async function answer(words: readonly string[]): Promise<string> {
    let text = '';
    const [out, complaints] = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write').mockReturnValue(true),
    ];
    out.mockImplementation((chunk) => ((text += String(chunk)), true));
    try {
      await createWholeProgram('0').parseAsync([...words], { from: 'user' });
    } finally {
      out.mockRestore();
      complaints.mockRestore();
    }
    return text;
  }

  /** Returns the examples of the named commands, without repetitions: the text and the words of each example. */
  const examplesOf = (...names: string[]) => [
    ...new Map(
      shown
        .filter(({ words }) => names.includes(words[0]))
        .map((example) => [filledIn(example).join(' '), filledIn(example)]),
    ),
  ];

  it.each(
    blocksOf(documents.get('docs/own-images.md') as string, 'yaml').concat(
      blocksOf(documents.get('docs/config.md') as string, 'yaml'),
    ),
  )('a configuration is one that a run can have: %#', async (block) => {
    await writeFile('block.yaml', block);
    expect(await answer(['train', '--config', 'block.yaml', '--print-config'])).toContain('batchSize: ');
  });

  it('everything that is trained has a valid configuration', async () => {
    for (const name of mentioned(/^([\w.-]+\.yaml)$/))
      await writeFile(name, await answer(['train', '--preset', 'rows', '--print-config']));
    for (const [command, words] of examplesOf('train', 'coordinator')) {
      expect(await answer([...words, '--print-config']), command).toContain('batchSize: ');
    }
  });

  it.each(examplesOf('sample', 'inspect', 'completion', 'config-schema'))('lstm-gan %s', async (_, words) => {
    const written = words.filter((_word, i) => /^--(out|out-dir|animation)$/.test(words[i - 1] ?? ''));
    expect(`${await answer(words)}${written.join('')}`).not.toBe('');
    expect(await readdir('.')).toEqual(expect.arrayContaining(written));
  });

  it.each(examplesOf('pack'))('lstm-gan %s', async (_, words) => {
    const places: Readonly<Record<string, string>> = { '~/photos': 'classes', '/shared/lstm-gan': 'cache' };
    const given = words.map((word) => places[word] ?? word);
    expect(await answer([...given, '--cache-dir', 'cache'])).toMatch(/^Packed .*\n {2}file +cache\/data\/.*\.bin /);
  });

  it.each(examplesOf('doctor'))('lstm-gan %s', async (_, words) => {
    if (words.includes('--compare-bits'))
      for (const file of words.filter((word) => word.endsWith('.json'))) await answer(['doctor', '--write-bits', file]);
    expect(await answer(words)).not.toMatch(/WRONG|not set up/);
  });

  it("README's code for core alone gives images", async () => {
    const [code] = blocksOf(documents.get('README.md') as string, 'js');
    const file = path.join(folder, 'runs', 'digits', 'checkpoints', 'step-00000002.safetensors');
    const script = `import { readFileSync } from 'node:fs';\nconst checkpointBytes = readFileSync(${JSON.stringify(file)});\n${code}\nconsole.log(images.length, images.every((value) => Math.abs(value) <= 1));`;
    const { stdout } = await startProcess(
      [process.execPath, '--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: path.join(root, 'test'), env: { FORCE_COLOR: '0' }, reject: true },
    );
    expect(String(stdout).split('\n').at(-1)).toBe(`${4 * 32 * 32} true`);
  });
});
