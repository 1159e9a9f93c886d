/** Trains with the networks of a file that lies outside the repository: the example of docs/own-network.md. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmGan, root, summaryOf } from '../support/command-line.ts';
import { heard } from '../support/heard.ts';
import { blocksOf } from '../support/documents.ts';

const example = path.join(root, 'examples', 'gru-generator.mjs');
/** Small sizes, so that a step takes milliseconds. */
const small = [
  '--set',
  'model.image.size=8',
  '--set',
  'model.discriminator.filters=[4]',
  '--set',
  'model.generator.options={units: 6, depth: 4}',
  '--batch-size',
  '8',
  '--shard-size',
  '2',
];

let folder: string;
let file: string;
let sha256: string;
let expected: string;
const inFolder = (name: string): string => path.join(folder, name);
const train = (out: string, ...parameters: string[]) =>
  lstmGan(['train', ...small, '--model', file, '--out', inFolder(out), '--json', ...parameters]);

/** A file with these contents. Returns its path. */
async function write(name: string, text: string): Promise<string> {
  await writeFile(inFolder(name), text);
  return inFolder(name);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-own-network-'));
  file = inFolder('my model.mjs');
  await copyFile(example, file);
  sha256 = createHash('sha256')
    .update(await readFile(example))
    .digest('hex');
  expected = summaryOf((await train('one', '--workers', '1', '--steps', '6')).stdout).weightsSha256;
});

it('the run states the network and the hash of its code, and remembers the path', async () => {
  const { model } = JSON.parse(await readFile(inFolder('one/config.json'), 'utf8')) as { model: object };
  const generator = { kind: 'custom', name: 'gru-rows', options: { units: 6, depth: 4 } };
  expect(model).toMatchObject({ generator, source: sha256 });
  expect(JSON.parse(await readFile(inFolder('one/run.json'), 'utf8'))).toMatchObject({ modelFile: file });
});

it('gives the same weights with any number of workers, in star and sliced exchange, and after an interruption', async () => {
  const star = await train('star', '--workers', '2', '--steps', '3');
  expect(star.exitCode).toBe(0);
  const sliced = ['--steps', '6', '--workers', '3', '--exchange', 'sliced', '--json'];
  const { stdout } = await lstmGan(['train', '--resume', inFolder('star'), ...sliced]);
  expect(summaryOf(stdout).weightsSha256).toBe(expected);
});

it('sample, evaluate and inspect find the file that the run remembers, and take another path', async () => {
  const sample = (...parameters: string[]) =>
    lstmGan(['sample', ...parameters, '--out', inFolder('grid.png'), '--count', '4']);
  expect(await sample(inFolder('one'))).toMatchObject({ exitCode: 0 });
  const { stdout } = await lstmGan(['inspect', inFolder('one')]);
  expect(stdout).toMatch(/gru0 +[\d,]+ +kernel \[6, 24\]/);

  const checkpoint = inFolder('alone.safetensors');
  await copyFile(inFolder('one/checkpoints/step-00000006.safetensors'), checkpoint);
  const alone = await sample(checkpoint);
  expect([alone.exitCode, alone.stderr]).toEqual([
    2,
    expect.stringContaining(`the generator gru-rows has SHA-256 ${sha256}, and no file was given`),
  ]);
  expect(await sample(checkpoint, '--model', file)).toMatchObject({ exitCode: 0 });

  await rename(file, inFolder('elsewhere.mjs'));
  try {
    const gone = await lstmGan(['evaluate', inFolder('one')]);
    expect([gone.exitCode, gone.stderr]).toEqual([2, expect.stringContaining('The run remembers this path.')]);
    const found = await lstmGan(['inspect', inFolder('one'), '--model', inFolder('elsewhere.mjs')]);
    expect(found.exitCode).toBe(0);
  } finally {
    await rename(inFolder('elsewhere.mjs'), file);
  }
});

it('evaluate draws from the network of the file, and takes it by --model for a checkpoint outside the run', async () => {
  const evaluate = async (place: string, ...parameters: string[]) => {
    const options = ['--metrics', 'fd50,diversity50', '--json', ...parameters];
    const { exitCode, stdout, stderr } = await lstmGan(['evaluate', place, ...options]);
    expect(exitCode, String(stderr)).toBe(0);
    return JSON.parse(String(stdout)) as { step: number; results: Record<string, number> };
  };
  const ofRun = await evaluate(inFolder('one'));
  expect(ofRun).toMatchObject({ step: 6, count: 50, results: { fd50_digits: expect.any(Number) as number } });
  const checkpoint = inFolder('evaluated.safetensors');
  await copyFile(inFolder('one/checkpoints/step-00000006.safetensors'), checkpoint);
  const ofCheckpoint = await evaluate(checkpoint, '--model', file);
  expect(ofCheckpoint.results).toEqual(ofRun.results);
  const without = await lstmGan(['evaluate', checkpoint]);
  expect([without.exitCode, without.stderr]).toEqual([
    2,
    expect.stringContaining(`the generator gru-rows has SHA-256 ${sha256}, and no file was given`),
  ]);
  // The network of the file has drawn: pictures that sample wrote with it are the same.
  const pictures = inFolder('pictures');
  const drawn = await lstmGan(['sample', inFolder('one'), '--out-dir', pictures, '--count', '50', '--seed', '1']);
  expect(drawn.exitCode, String(drawn.stderr)).toBe(0);
  const ofPictures = await evaluate(pictures, '--data', 'digits');
  for (const [name, value] of Object.entries(ofRun.results))
    expect(Math.abs(ofPictures.results[name] - value), name).toBeLessThan(1e-4 * Math.abs(value) + 1e-9);
});

it('refuses a changed file, before it runs it, with both hashes', async () => {
  const changed = await write('changed.mjs', "throw new Error('this code runs');");
  const other = createHash('sha256')
    .update(await readFile(changed))
    .digest('hex');
  for (const command of [
    ['train', '--resume', inFolder('one'), '--steps', '7'],
    ['sample', inFolder('one'), '--out', inFolder('x.png')],
    ['inspect', inFolder('one')],
  ]) {
    const { exitCode, stderr } = await lstmGan([...command, '--model', changed]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`SHA-256 ${sha256}; ${changed} has ${other}.`)]);
  }
});

it('a worker without the file, or with another one, is refused with both hashes; with the file, it trains', async () => {
  const coordinator = lstmGan([
    ...['coordinator', ...small, '--model', file, '--out', inFolder('joined'), '--json', '--steps', '6'],
    ...['--bind', '127.0.0.1:*'],
  ]);
  const command = /worker --connect (\S+) --key-file (\S+) --model '.*my model\.mjs'\n/;
  const [, address, keyFile] = await heard(coordinator, command);
  const join = (...parameters: string[]) =>
    lstmGan(['worker', '--connect', address, '--key-file', keyFile, ...parameters]);
  const without = await join('--name', 'bare');
  expect([without.exitCode, without.stderr]).toEqual([
    2,
    expect.stringContaining(
      `Worker bare has no model file; the networks of the run are defined by a file with SHA-256 ${sha256}.`,
    ),
  ]);
  const text = `${await readFile(file, 'utf8')}// changed\n`;
  const other = createHash('sha256').update(text).digest('hex');
  const wrong = await join('--name', 'odd', '--model', await write('other.mjs', text));
  expect([wrong.exitCode, wrong.stderr]).toEqual([
    2,
    expect.stringContaining(`Worker odd has a model file with SHA-256 ${other}; the networks`),
  ]);
  expect(await join('--model', file)).toMatchObject({ exitCode: 0 });
  expect(summaryOf((await coordinator).stdout).weightsSha256).toBe(expected);
});

describe('refuses, and makes no run folder,', () => {
  const imports = "import { dense, stateless, toShape } from '@lstm-gan/core/layers';\n";
  const generator = (name: string, layers: string): string =>
    `${imports}export const generators = { ${name}: ({ latent }) => [${layers}] };`;
  const sized = "dense('dense0', latent, 64), toShape([8, 8, 1])";
  it.each<[string, string, string]>([
    ['no-such.mjs', '', 'no-such.mjs cannot be used: it cannot be read: '],
    ['imports.mjs', "import fs from 'node:fs';", 'cannot be used: it imports node:fs.'],
    [
      'shape.mjs',
      generator('plain', "dense('dense0', latent, 64)"),
      'The generator plain makes float32 [2, 64] of float32 [2, 100]; expected float32 [2, 8, 8, 1]',
    ],
    [
      'read.mjs',
      generator('plain', `${sized}, stateless((x) => (x.dataSync()[0] > 2 ? x : x.abs()))`),
      'The generator plain, layer 2, fails on float32 [2, 8, 8, 1]: A unit read back the result of',
    ],
  ])('%s', async (name, text, sentence) => {
    const model = text === '' ? inFolder(name) : await write(name, text);
    const { exitCode, stderr } = await lstmGan([
      ...['train', '--set', 'model.image.size=8', '--set', 'model.discriminator.filters=[4]', '--shard-size', '2'],
      ...['--model', model, '--out', inFolder('refused'), '--steps', '1'],
    ]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    expect(existsSync(inFolder('refused'))).toBe(false);
  });

  it('a custom network without a file', async () => {
    const { exitCode, stderr } = await lstmGan([
      ...['train', '--set', 'model.generator={kind: custom, name: my-gru}', '--out', inFolder('refused')],
    ]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Give the file that defines it: --model FILE.')]);
  });
});

it('every file that the page shows trains as it stands', async () => {
  const page = await readFile(path.join(root, 'docs', 'own-network.md'), 'utf8');
  const blocks = blocksOf(page, 'js');
  expect(blocks).toHaveLength(2);
  for (const [index, text] of blocks.entries()) {
    const { exitCode, stderr } = await lstmGan([
      ...['train', '--set', 'model.image.size=8', '--set', 'model.discriminator.filters=[4]', '--steps', '1'],
      ...['--model', await write(`page-${index}.mjs`, text), '--out', inFolder(`page-${index}`), '--workers', '1'],
    ]);
    expect([stderr, exitCode]).toEqual([expect.stringContaining('Training'), 0]);
  }
});

it('the eager engine trains with what the graph engine cannot hold', async () => {
  const text = (await readFile(example, 'utf8')).replace('tanh(x)', '(x.dataSync()[0] < 1e9 ? tanh(x) : x)');
  const { exitCode } = await lstmGan([
    ...['train', ...small, '--model', await write('reading.mjs', text), '--engine', 'eager', '--workers', '1'],
    ...['--out', inFolder('eager'), '--steps', '1'],
  ]);
  expect(exitCode).toBe(0);
  const grid = await lstmGan(['sample', inFolder('eager'), '--out', inFolder('eager.png'), '--count', '4']);
  expect(grid.exitCode).toBe(0);
});
