import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openMetrics, readMetrics, type StepMetrics } from './metrics.ts';

const step = (number: number) => ({ step: number }) as StepMetrics;

it('appends a line a step', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-metrics-')), 'metrics.jsonl');
  for (const number of [1, 2]) {
    const metrics = openMetrics(file);
    metrics.write(step(number));
    await metrics.close();
  }
  expect(await readFile(file, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
});

it('reads back what was written, up to a torn line', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-metrics-')), 'metrics.jsonl');
  expect(await readMetrics(file)).toEqual([]);
  const losses = { generator: 0.1 + 0.2, discriminator: 1, penalty: 0 };
  await writeFile(file, `${JSON.stringify({ ...step(1), losses, stepMs: 3 })}\n${JSON.stringify({ step: 2, losses })}\n{"step":3,"lo\n${JSON.stringify({ step: 4, losses })}\n`);
  expect(await readMetrics(file)).toEqual([{ step: 1, losses }, { step: 2, losses }]);
});

it('says that the disk is full at the next step, or at the end', async () => {
  const metrics = openMetrics('/dev/full');
  metrics.write(step(1));
  await expect(metrics.close()).rejects.toMatchObject({ code: 'cannot-write', message: expect.stringContaining('the disk is full') });
  expect(() => metrics.write(step(2))).toThrow(expect.objectContaining({ code: 'cannot-write' }) as Error);
  await expect(metrics.close()).rejects.toMatchObject({ code: 'cannot-write' });
});
