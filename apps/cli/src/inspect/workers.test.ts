import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { createRunConfig } from '@lstm-gan/run';
import { expect, it } from 'vitest';
import { inspectionText } from './inspection-text.ts';
import { inspectPath } from './inspection.ts';
import { createWorkerRecords } from './worker-records.ts';

const digits = presets.get('digits') as Preset;
const recorded = {
  images: 64,
  losses: { discriminator: 1, generator: 1, penalty: 0 },
  imagesPerSecond: 320,
  stepMs: 1000,
  computeMs: 800,
  exchangeMs: 100,
  updateMs: 100,
};
const timeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const started = { level: 30, time: timeMs, digest: 'd', config: {}, msg: 'Training on 10 images.' };
const joins = (worker: string, more: object = {}) => ({ level: 30, time: timeMs, worker, device: 'cpu X', ...more });
const departs = (worker: string, why: string) => ({ level: 40, time: timeMs, worker, departure: 'lost', why });
/** What a worker does in a step: two shards in a time. */
const computes = (computeMs: number) => ({ shards: 2, computeMs, waitingMs: 1000 - computeMs });

/** Writes a run's folder, and inspects it. */
async function inspect(steps: readonly object[], log: readonly object[], rest = '') {
  const root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-workers-'));
  const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  await writeFile(path.join(root, 'config.json'), JSON.stringify(createRunConfig(digits)));
  await writeFile(path.join(root, 'metrics.jsonl'), lines(steps));
  await writeFile(path.join(root, 'log.jsonl'), `${lines(log)}${rest}`);
  const { inspection } = await inspectPath(root);
  return { workers: inspection.workers, text: inspectionText(inspection).join('\n') };
}

it('shows the pace of each worker, the slowest first, and who is gone and why', async () => {
  const { workers, text } = await inspect(
    [
      { ...recorded, step: 1, workers: { fast: computes(400), slow: computes(1000), gone: computes(500) } },
      { ...recorded, step: 2, workers: { fast: computes(400), slow: computes(800) } },
      { ...recorded, step: 3, workers: { fast: computes(100), slow: computes(800) } },
    ],
    [
      started,
      joins('fast'),
      joins('slow', { host: 'node-7' }),
      departs('slow', 'Its cable was cut.'),
      joins('gone'),
      joins('slow', { host: 'node-8' }),
      departs('gone', 'It died.'),
    ],
    'no JSON {"worker":"\n',
  );
  expect(workers).toMatchObject([
    { name: 'slow', device: 'cpu X', host: 'node-8', steps: 3, lastStep: 3, takesPart: true, departureCount: 1 },
    { name: 'fast', host: null, steps: 3, takesPart: true, departureCount: 0, departures: [] },
    { name: 'gone', steps: 1, lastStep: 1, takesPart: false, departures: [{ timeMs, kind: 'lost', why: 'It died.' }] },
  ]);
  // Medians of 2.5, 2.5 and 2, and of 5, 5 and 20; exact to half a percent.
  expect(Math.abs((workers[0].shardsPerSecond ?? 0) - 2.5)).toBeLessThan(0.0125);
  expect(Math.abs((workers[1].shardsPerSecond ?? 0) - 5)).toBeLessThan(0.025);
  expect(workers[0].computingShare).toBeCloseTo(2600 / 3000);
  const table = text.slice(text.indexOf('workers:'));
  expect(table).toMatch(
    /^workers: 2 take part, the slowest first; 1 are gone\n {2}worker +shards\/s +computing +steps/,
  );
  expect(table).toMatch(
    /\n {2}slow +2\.\d\d +87 % +3 +3 {2}cpu X at node-8\n {2}fast +[45]\.\d\d +30 % +3 +3 {2}cpu X\n/,
  );
  expect(table).toMatch(/\n {2}gone .*\n {4}gone 2026-01-02 03:04:05 UTC: It died\.\n/);
});

it('counts workers of a coordinator that was killed as gone until they join again', async () => {
  const step = { ...recorded, step: 1, workers: { a: computes(500), b: computes(500) } };
  const { workers } = await inspect([step], [started, joins('a'), joins('b'), started, joins('b')]);
  expect(workers.map(({ name, takesPart }) => [name, takesPart])).toEqual([
    ['b', true],
    ['a', false],
  ]);
});

it('reads a run whose log says nothing of workers, and steps without workers', async () => {
  const without = { ...recorded, step: 1, workers: { a: 'nothing' } };
  const { workers } = await inspect([without, { ...recorded, step: 2, workers: { 'b\u001b': computes(500) } }], []);
  expect(workers).toMatchObject([{ name: 'b\u001b', device: null, takesPart: true }]);
  expect((await inspect([{ ...recorded, step: 1 }], [])).text).not.toContain('workers:');
});

it('keeps the table of many workers short, and keeps a bounded number of them', async () => {
  const many = Object.fromEntries(Array.from({ length: 64 }, (_, k) => [`w-${k}`, computes(900 - 10 * k)]));
  const { workers, text } = await inspect([{ ...recorded, step: 1, workers: many }], []);
  expect(workers).toHaveLength(64);
  expect(text).toMatch(/workers: 64 take part, the slowest first\n.*\n {2}w-0 /);
  expect(text.match(/^ {2}w-\d+ /gm)).toHaveLength(16);
  expect(text).toMatch(/^ {2}and 48 more, up to 7\.\d\d shards\/s; --json has all$/m);
  expect(text).not.toContain('\u001b');
  const records = createWorkerRecords();
  for (let step = 1; step <= 10_000; step++)
    records.observeStep({ ...recorded, step, workers: { [`worker-${step}`]: computes(500) } });
  const kept = records.workers();
  expect([kept.length, kept[0].name]).toEqual([4096, 'worker-10000']);
});
