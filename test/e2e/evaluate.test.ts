/** Tests `lstm-gan evaluate` with a run of two steps, and with folders of pictures. */
import { copyFile, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmGan } from '../support/command-line.ts';

let folder: string;
let run: string;
const out = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-evaluate-'));
  run = out('run');
  await answer('train', '--steps', '2', '--workers', '1', '--out', run);
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
    await answer('sample', run, '--out-dir', out('pictures'), '--count', '100', '--seed', '3');
    const ofPictures = await reportOf(out('pictures'), '--data', 'digits', '--seed', '3');
    expect(ofPictures).toMatchObject({ step: null, images: null, count: 100 });
    // The pictures are read in another order, so other ones are in the subsets of the kernel distance.
    for (const [name, value] of Object.entries(ofCheckpoint.results))
      if (!name.startsWith('kid'))
        expect(Math.abs(ofPictures.results[name] - value), name).toBeLessThan(1e-4 * value + 1e-9);
    expect(ofPictures.classes).toEqual(ofCheckpoint.classes);
  });

  it.each([
    ['a folder of pictures without --data', () => [out('pictures')], /does not say which images/],
    ['a path that is not there', () => [out('nothing')], /There is no .*nothing\.\n/],
    ['too few samples', () => [run, '--samples', '9'], /9 images are too few .*\n.*--samples/],
    ['a file that is no checkpoint', () => [path.join(run, 'metrics.jsonl')], /metrics\.jsonl: .*safetensors/],
    ['a data set that is not there', () => [run, '--data', 'digit'], /There is no data set digit.*\n.*--data digits/],
    ['images without labels', () => [run, '--data', out('pictures')], /No classifier can be trained on pictures/],
  ])('refuses %s, with a sentence', async (_name, parameters, sentence) => {
    const { stderr, stdout, exitCode } = await lstmGan(['evaluate', ...parameters()]);
    expect([exitCode, String(stdout)]).toEqual([2, '']);
    expect(`${String(stderr)}\n`).toMatch(sentence);
  });
});
