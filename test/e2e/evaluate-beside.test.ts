/** Tests `train --metrics`: evaluations beside a real training of a tiny model. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmGan, root, summaryOf } from '../support/command-line.ts';
import { heard } from '../support/heard.ts';
import { smallTraining } from '../support/small-training.ts';

let folder: string;
let run: string;
let summary: Record<string, unknown>;
const metrics = ['--metrics', 'fd200,coverage200'];

/** Runs a command that must succeed. */
async function succeed(...parameters: string[]): Promise<{ stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await lstmGan(parameters, { cwd: folder });
  expect(exitCode, String(stderr)).toBe(0);
  return { stdout: String(stdout), stderr: String(stderr) };
}

interface Line {
  readonly step: number;
  readonly results: Readonly<Record<string, number>>;
}

async function linesOf<T>(file: string): Promise<T[]> {
  const lines = (await readFile(path.join(run, file), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-beside-'));
  run = path.join(folder, 'run');
  const options = ['--steps', '120', '--keep', '1', '--evaluate-every', '2k', '--out', run, '--json'];
  summary = JSON.parse((await succeed('train', ...smallTraining, ...metrics, ...options)).stdout) as typeof summary;
});

describe('a run with --metrics', () => {
  it('evaluates what is due, or says that it is left out, and evaluates the last checkpoint', async () => {
    // A step reads 64 images: 2,000, 4,000 and 6,000 images are reached in the steps 32, 63 and 94.
    const steps = (await linesOf<Line>('metric-fd200_digits.jsonl')).map(({ step }) => step);
    const log = await linesOf<{ step?: number; msg: string }>('log.jsonl');
    const leftOut = log.filter(({ msg }) => msg.includes('are not evaluated, because the evaluation of step'));
    expect([...steps, ...leftOut.map(({ step }) => step ?? 0)].sort((a, b) => a - b)).toEqual([32, 63, 94, 120]);
    expect([steps[0], steps.at(-1)]).toEqual([32, 120]);
  });

  it('writes the lines that evaluate writes, with the same numbers', async () => {
    const before = await linesOf<Line>('metric-neighbours200_k3_digits.jsonl');
    const report = JSON.parse((await succeed('evaluate', run, ...metrics, '--json')).stdout) as Line;
    const after = await linesOf<Line & Record<string, unknown>>('metric-neighbours200_k3_digits.jsonl');
    expect(after).toHaveLength(before.length + 1);
    const [beside, alone] = [before.at(-1), after.at(-1)] as unknown as (typeof after)[number][];
    expect(Object.keys(beside)).toEqual(Object.keys(alone));
    expect(beside).toEqual({ ...alone, total_time: beside['total_time'], timestamp: beside['timestamp'] });
    expect(report.results).toMatchObject(alone.results);
    expect(Object.keys(report.results).filter((key) => !/^(fd|neighbours)200_/.test(key))).toEqual([]);
  });

  it('keeps the best checkpoints, and sample draws from them', async () => {
    const evaluated = summary['evaluated'] as Record<string, { newest: object; best: { step: number; value: number } }>;
    expect(Object.keys(evaluated)).toEqual(['fd200_digits', 'neighbours200_k3_digits_coverage']);
    const lines = await linesOf<Line>('metric-fd200_digits.jsonl');
    const { best } = evaluated['fd200_digits'];
    expect(best.value).toBe(Math.min(...lines.map(({ results }) => results['fd200_digits'])));
    const kept = await readdir(path.join(run, 'checkpoints'));
    for (const step of [best.step, 120]) expect(kept).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
    const { stderr } = await succeed('sample', run, '--best', 'fd200', '--out', path.join(folder, 'best.png'));
    expect(stderr).toContain(`from step ${best.step}: fd200_digits ${best.value.toPrecision(4)}.`);
  });

  it('has the weights of a run without it', async () => {
    const out = path.join(folder, 'plain');
    const { stdout } = await succeed('train', ...smallTraining, '--steps', '120', '--out', out, '--json');
    expect(summaryOf(stdout).weightsSha256).toBe(summary['weightsSha256']);
  });

  it('measures with the network that it names', async () => {
    const out = path.join(folder, 'own');
    const network = ['--network', path.join(root, 'test', 'fixtures', 'evaluation', 'means.json')];
    const length = ['--steps', '2', '--network-range', '0..1'];
    const { stdout } = await succeed(
      ...['train', ...smallTraining, ...metrics, ...network, ...length, '--out', out, '--json'],
    );
    const keys = Object.keys((JSON.parse(stdout) as { evaluated: object }).evaluated);
    expect(keys).toEqual([
      expect.stringMatching(/^fd200_means-[0-9a-f]{8}$/),
      expect.stringMatching(/^neighbours200_k3_means-[0-9a-f]{8}_coverage$/),
    ]);
    const alone = JSON.parse((await succeed('evaluate', out, ...network, '--samples', '200', '--json')).stdout) as Line;
    // Another range is another network.
    expect(Object.keys(alone.results)).not.toContain(keys[0]);
  });

  it('stops when a number fulfils a condition', async () => {
    const out = path.join(folder, 'stopped');
    const length = ['--steps', '1000000', '--evaluate-every', '640', '--stop-when', 'fd200<1e9'];
    const { stdout } = await succeed('train', ...smallTraining, ...metrics, ...length, '--out', out);
    expect(stdout).toMatch(/The stop condition holds: fd200 was \S+, below 1000000000\.\n/);
    expect(stdout).toMatch(/ {2}evaluated {4}fd200_digits \S+ after step \d+; best \S+ after step \d+\n/);
  });
});

it('a coordinator evaluates too, while workers on other machines train', async () => {
  const out = path.join(folder, 'coordinator');
  const model = smallTraining.filter((word, k) => word !== '--workers' && smallTraining[k - 1] !== '--workers');
  const length = ['--steps', '20', '--evaluate-every', '640'];
  const coordinator = lstmGan(['coordinator', ...model, ...metrics, ...length, '--bind', '127.0.0.1:*', '--out', out]);
  const [, address, keyFile] = await heard(coordinator, /worker --connect (\S+) --key-file (\S+)\n/);
  const worker = lstmGan(['worker', '--connect', address, '--key-file', keyFile]);
  const [{ exitCode, stdout }] = await Promise.all([coordinator, worker]);
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/ {2}evaluated {4}fd200_digits \S+ after step 20;/)]);
});

describe('before anything is trained, train refuses', () => {
  const photos = (): string => path.join(folder, 'photos');
  beforeAll(async () => {
    await mkdir(photos());
    for (const name of ['a.png', 'b.png']) {
      const create = { width: 9, height: 9, channels: 3, background: '#804020' } as const;
      await sharp({ create }).toFile(path.join(photos(), name));
    }
  });

  it.each<[string, () => string[], RegExp]>([
    ['an unknown metric', () => ['--metrics', 'fid2k'], /got fid2k\.\nDid you mean fd\?/],
    [
      'images without labels',
      () => ['--metrics', 'fd10', '--data', photos()],
      /No classifier can be trained on photos/,
    ],
    ['more samples than images', () => ['--metrics', 'fd20k'], /compares with 20000 real images, and digits has 10000/],
    ['a period without metrics', () => ['--evaluate-every', '20k'], /--evaluate-every says how often/],
    ['a condition on another metric', () => [...metrics, '--stop-when', 'kid<1'], /coverage200; got kid<1\./],
    ['a network without metrics', () => ['--network', 'efficientnet-lite0'], /--network says with which network/],
    ['a condition without metrics', () => ['--stop-when', 'fd2k<20'], /needs --metrics fd2k too/],
  ])('%s', async (_name, parameters, sentence) => {
    const out = path.join(folder, 'refused');
    const { exitCode, stderr } = await lstmGan(['train', '--out', out, ...parameters()]);
    expect([exitCode, existsSync(out)]).toEqual([2, false]);
    expect(String(stderr)).toMatch(sentence);
  });
});

it('sample refuses --best of a number that was not evaluated', async () => {
  const { exitCode, stderr } = await lstmGan(['sample', run, '--best', 'kid', '--out', path.join(folder, 'no.png')]);
  expect([exitCode, String(stderr)]).toEqual([2, expect.stringContaining('has no checkpoint with a value of kid.')]);
});
