import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { median, openMetrics, readMetrics, type StepMetrics } from './metrics.ts';

const step = (number: number) => ({ step: number }) as StepMetrics;

it('appends one line a step', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-metrics-')), 'metrics.jsonl');
  for (const number of [1, 2]) {
    const metrics = openMetrics(file);
    metrics.write(step(number));
    metrics.close();
  }
  expect(await readFile(file, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
});

it('reports a full disk at once', () => {
  const metrics = openMetrics('/dev/full');
  const sentence = expect.objectContaining({
    code: 'cannot-write',
    message: expect.stringContaining('the disk is full'),
  }) as Error;
  expect(() => metrics.write(step(1))).toThrow(sentence);
  metrics.close();
});

it('makes no file before the first line', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-metrics-')), 'metrics.jsonl');
  const metrics = openMetrics(file);
  await metrics.flush();
  metrics.close();
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

const recorded = {
  step: 1,
  images: 8,
  losses: { discriminator: 1, generator: 2, penalty: 0 },
  imagesPerSecond: 9,
  stepMs: 4,
  computeMs: 3,
  exchangeMs: 1,
  updateMs: 0,
};

it('reads back what was written, also while the run is still writing', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-metrics-')), 'metrics.jsonl');
  expect(await readMetrics(file)).toEqual([]);
  await writeFile(
    file,
    `${JSON.stringify({ ...recorded, other: 1 })}\n${JSON.stringify({ ...recorded, step: 2 })}\n{"step":3,"ima`,
  );
  expect(await readMetrics(file)).toEqual([recorded, { ...recorded, step: 2 }]);
  await writeFile(file, `{"step":0}\n${JSON.stringify(recorded)}\n`);
  await expect(readMetrics(file)).rejects.toMatchObject({
    code: 'metrics-damaged',
    message: `${file}: line 1 is no step's metrics.`,
  });
});

it('computes the median', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2, NaN]);
});
