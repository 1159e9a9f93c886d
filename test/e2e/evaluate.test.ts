/** Tests `lstm-gan evaluate` with a run of two steps, and with folders of pictures. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { openDataset } from '@lstm-gan/data';
import { defaultCacheDir } from '@lstm-gan/engine';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmGan, root } from '../support/command-line.ts';
import { smallTraining } from '../support/small-training.ts';

/** A network of tfjs: the means of squares of 4x4 pixels. */
const means = path.join(root, 'test', 'fixtures', 'evaluation', 'means.json');

let folder: string;
let run: string;
const out = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-evaluate-'));
  run = out('run');
  await answer('train', '--steps', '2', '--workers', '1', '--out', run);
  await answer('sample', run, '--out-dir', out('pictures'), '--count', '100', '--seed', '3');
});

/** Runs a command that must succeed, and returns its standard output. */
async function answer(...parameters: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lstmGan(parameters);
  expect(exitCode, String(stderr)).toBe(0);
  return String(stdout);
}

interface Report {
  readonly network: { readonly name: string; readonly description: string };
  readonly results: Readonly<Record<string, number>>;
  readonly classes: Readonly<Record<string, number>>;
  readonly perClass: readonly { name: string; samples: number; real: number; right: number | null }[] | null;
}

const reportOf = async (...parameters: string[]): Promise<Report> =>
  JSON.parse(await answer('evaluate', ...parameters, '--json')) as Report;

describe('evaluate', () => {
  it('prints a table, and the same numbers as JSON, and appends them to files in the run', async () => {
    const text = await answer('evaluate', run, '--samples', '200');
    expect(text).toContain(`samples   200 of ${run}, step 2 (seed 1)\n`);
    expect(text).toContain('data      200 of the 10000 images of digits\n');
    const [, accuracy] = /right on (\d+\.\d) % of 1000 images that it has not seen/.exec(text) ?? [];
    expect(Number(accuracy)).toBeGreaterThan(97);

    const report = await reportOf(run, '--samples', '200');
    expect(report).toMatchObject({ step: 2, images: 128, count: 200, seed: 1, data: 'digits' });
    expect(report.results['classes200_digits_confident_real']).toBeGreaterThan(0.85);
    expect(report.results['classes200_digits_entropy_real']).toBeGreaterThan(0.98);
    // Two steps draw nothing: far from digits.
    expect(report.results['fd200_digits']).toBeGreaterThan(50);
    expect(Object.keys(report.classes)).toEqual([...'0123456789']);
    expect(Object.values(report.classes).reduce((sum, count) => sum + count)).toBe(200);
    for (const [name, value] of Object.entries(report.results)) {
      const shown = Number.isInteger(value) ? String(value) : value.toPrecision(4);
      expect(text.split(/\s+/).join(' ')).toContain(`${name} ${shown} `);
    }

    const files = (await readdir(run)).filter((name) => name.startsWith('metric-'));
    expect(files).toContain('metric-fd200_digits.jsonl');
    const lines = (await readFile(path.join(run, 'metric-fd200_digits.jsonl'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1])).toMatchObject({
      results: { fd200_digits: report.results['fd200_digits'] },
      metric: 'fd200_digits',
      snapshot: 'checkpoints/step-00000002.safetensors',
      step: 2,
      images: 128,
      timestamp: expect.closeTo(Date.now() / 1000, -4) as number,
    });
  });

  it('judges a checkpoint outside a run, and pictures that sample wrote, alike', async () => {
    const file = out('elsewhere.safetensors');
    await copyFile(path.join(run, 'checkpoints', 'step-00000002.safetensors'), file);
    const ofCheckpoint = await reportOf(file, '--samples', '100', '--seed', '3');
    const ofPictures = await reportOf(out('pictures'), '--data', 'digits', '--seed', '3');
    expect(ofPictures).toMatchObject({ step: null, images: null, count: 100 });
    // The pictures are read in another order, so other ones are in the subsets of the kernel distance.
    for (const [name, value] of Object.entries(ofCheckpoint.results))
      if (!name.startsWith('kid'))
        expect(Math.abs(ofPictures.results[name] - value), name).toBeLessThan(1e-4 * value + 1e-9);
    expect(ofPictures.classes).toEqual(ofCheckpoint.classes);
  });

  it('compares images without labels in the features of another network, and keeps those of the real images', async () => {
    const cacheDir = out('cache');
    await symlinkCache(cacheDir);
    const compare = (...parameters: string[]) =>
      lstmGan(['evaluate', out('pictures'), '--data', out('pictures'), '--cache-dir', cacheDir, ...parameters]);
    const first = await compare('--network', 'efficientnet-lite0', '--json');
    expect(first.exitCode, String(first.stderr)).toBe(0);
    // Progress would tell too, but only of work that takes some seconds.
    expect([...(await writtenIn(path.join(cacheDir, 'networks'))).keys()]).toEqual([
      expect.stringMatching(/^efficientnet-lite0-[0-9a-f]{16}\.safetensors$/),
    ]);
    const features = await writtenIn(path.join(cacheDir, 'features'));
    expect([...features.keys()]).toEqual([expect.stringMatching(/^efficientnet-lite0-/)]);
    const report = JSON.parse(String(first.stdout)) as Report;
    expect(report).toMatchObject({ network: { name: 'efficientnet-lite0' }, classes: null });
    // The pictures are compared with themselves.
    expect(Math.abs(report.results['fd100_efficientnet-lite0'])).toBeLessThan(1e-3);
    expect(report.results['neighbours100_k3_efficientnet-lite0_coverage']).toBe(1);
    expect(Object.keys(report.results).filter((name) => !name.includes('_efficientnet-lite0'))).toEqual([]);

    const second = await compare('--network', 'efficientnet-lite0', '--json');
    expect(await writtenIn(path.join(cacheDir, 'features'))).toEqual(features);
    expect(JSON.parse(String(second.stdout))).toEqual(report);

    const own = await compare('--network', means, '--network-range', '0..1');
    expect((await writtenIn(path.join(cacheDir, 'features'))).size).toBe(2);
    expect(String(own.stdout)).toMatch(
      /network {3}(means-[0-9a-f]{8}): the network .*means\.json, .* numbers 0\.\.1\n/,
    );
    expect(String(own.stdout)).toMatch(/^fd100_means-[0-9a-f]{8} /m);
  });

  it('judges each class of a conditional run by itself', async () => {
    const conditional = out('conditional');
    const options = ['--set', 'model.condition.kind=label', '--steps', '2', '--out', conditional];
    await answer('train', ...smallTraining, ...options);
    const report = await reportOf(conditional, '--metrics', 'fd200', '--per-class');
    expect(report.perClass?.map(({ name }) => name)).toEqual([...'0123456789']);
    const sum = (part: 'samples' | 'real') => report.perClass?.reduce((total, row) => total + row[part], 0);
    expect([sum('samples'), sum('real')]).toEqual([200, 200]);
    const right = report.perClass?.reduce((total, row) => total + row.samples * (row.right ?? 0), 0) ?? NaN;
    expect(report.results['perclass200_digits_right']).toBeCloseTo(right / 200, 9);
    const line = JSON.parse(
      await readFile(path.join(conditional, 'metric-perclass200_digits.jsonl'), 'utf8'),
    ) as Report;
    expect(line.results).toEqual(
      Object.fromEntries(Object.entries(report.results).filter(([name]) => name.startsWith('perclass'))),
    );
  });

  it('finds real digits to be of their classes, and near the real images of these', async () => {
    await writeDigits(out('labelled'), 60);
    const options = ['--data', 'digits', '--metrics', 'fd600', '--per-class'];
    const text = await answer('evaluate', out('labelled'), ...options);
    const rows = [...text.matchAll(/^(\d) +(\d+) +(\d+) +(\S+) +(\S+)$/gm)].map(([, ...cells]) => cells);
    expect(rows.map(([name, samples]) => [name, samples])).toEqual([...'0123456789'].map((name) => [name, '60']));
    for (const [name, , real, right, kid] of rows) {
      expect(Number(right), name).toBeGreaterThan(0.85);
      expect(kid === '-', name).toBe(Number(real) < 50);
    }
    const [, all] = /^perclass600_digits_right +(\S+)$/m.exec(text) ?? [];
    expect(Number(all)).toBeGreaterThan(0.95);
  });

  it.each([
    ['a folder of pictures without --data', () => [out('pictures')], /does not say which images/],
    ['a path that is not there', () => [out('nothing')], /There is no .*nothing\.\n/],
    ['too few samples', () => [run, '--samples', '9'], /9 images are too few .*\n.*--samples/],
    ['a file that is no checkpoint', () => [path.join(run, 'metrics.jsonl')], /metrics\.jsonl: .*safetensors/],
    ['a data set that is not there', () => [run, '--data', 'digit'], /There is no data set digit.*\n.*--data digits/],
    [
      'images without labels',
      () => [run, '--data', out('pictures')],
      /No classifier can be trained on pictures.*\n.*--network efficientnet-lite0/,
    ],
    [
      'a network that is not there',
      () => [run, '--network', 'efficientnet'],
      /There is no network efficientnet, .*\nDid you mean --network efficientnet-lite0\?/,
    ],
    ['a folder without a network', () => [run, '--network', out('pictures')], /There is no network at .*pictures\.\n/],
    ['classes of a run without classes', () => [run, '--per-class'], /nothing says what the samples of .* are to show/],
    ['a range without a network', () => [run, '--network-range', '0..1'], /--network-range says which pixels/],
  ])('refuses %s, with a sentence', async (_name, parameters, sentence) => {
    const { stderr, stdout, exitCode } = await lstmGan(['evaluate', ...parameters()]);
    expect([exitCode, String(stdout)]).toEqual([2, '']);
    expect(`${String(stderr)}\n`).toMatch(sentence);
  });
});

/** A new cache with the TensorFlow of the user's, and nothing else of it. */
async function symlinkCache(cacheDir: string): Promise<void> {
  const userCache = defaultCacheDir(process.env, homedir());
  await mkdir(cacheDir);
  for (const name of await readdir(userCache))
    if (/^(tensorflow-|npm$)/.test(name)) await symlink(path.join(userCache, name), path.join(cacheDir, name));
}

/** The files of a folder and their inodes: a file that is written again has another one. */
async function writtenIn(folder: string): Promise<Map<string, number>> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await stat(path.join(folder, name))).ino] as const)),
  );
}

/** Writes real digits as pictures, in a folder for each class. */
async function writeDigits(folder: string, ofEach: number): Promise<void> {
  const cacheDir = defaultCacheDir(process.env, homedir());
  const dataset = await openDataset('digits', { cacheDir, size: 32, channels: 1 });
  const raw = { width: 32, height: 32, channels: 1 } as const;
  for (const [label, name] of (dataset.labels?.names ?? []).entries()) {
    await mkdir(path.join(folder, name), { recursive: true });
    const images = [...(dataset.labels?.values.keys() ?? [])].filter((k) => dataset.labels?.values[k] === label);
    for (const image of images.slice(-ofEach)) {
      const pixels = new Uint8Array(32 * 32);
      dataset.read([image], pixels);
      await sharp(pixels, { raw })
        .png()
        .toFile(path.join(folder, name, `${image}.png`));
    }
  }
  dataset.close();
}
