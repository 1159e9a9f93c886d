import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { appendMetric, readMetric, type MetricLine } from './metric-files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-metric-files-'));
});

const line = (step: number): MetricLine => ({
  results: { fd2k_digits: 10 + step },
  metric: 'fd2k_digits',
  total_time: 1,
  snapshot: 'checkpoints/x',
  step,
  images: 64 * step,
  timestamp: 0,
});
const file = (): string => path.join(root, 'metric-fd2k_digits.jsonl');
const steps = async (): Promise<number[]> => (await readMetric(root, 'fd2k_digits')).map(({ step }) => step);

it('gives the lines again, oldest first', async () => {
  expect(await steps()).toEqual([]);
  for (const step of [10, 20]) await appendMetric(root, line(step));
  expect(await steps()).toEqual([10, 20]);
});

it('passes over a half-written line, which does not spoil the line after it', async () => {
  await writeFile(file(), `${JSON.stringify(line(10))}\n{"results":{"fd2k_dig`);
  await appendMetric(root, line(20));
  await appendMetric(root, line(30));
  expect(await steps()).toEqual([10, 20, 30]);
});

it('says what to do if the file cannot be read or written: no command that reads it has --out', async () => {
  await mkdir(file());
  for (const refused of [appendMetric(root, line(10)), readMetric(root, 'fd2k_digits')]) {
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(/metric-fd2k_digits\.jsonl cannot be (read|written): it is a folder\.$/),
      advice: 'Move this file away; the next evaluation begins a new one.',
    });
  }
});
