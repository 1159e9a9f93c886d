import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { createDataset } from '@lstm-gan/data';
import {
  configure,
  createRunFolder,
  createTrainingState,
  readSettings,
  renderGrid,
  type RunFolder,
  type StepMetrics,
} from '@lstm-gan/run';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { keepRecords, type RecordOptions } from './keep-records.ts';

const small = [
  'model.generator={kind: dense, units: [4]}',
  'model.image.size=8',
  'model.discriminator.filters=[2]',
  'model.latent=2',
];
const config = configure(presets.get('digits') as Preset, [readSettings(small)]);
const initial = createTrainingState(config);
const sampler = { sample: async () => new Float32Array(64), close: async () => undefined };

let folder: RunFolder;
let nowMs: number;
beforeEach(async () => {
  folder = await createRunFolder(path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-records-')), 'run'), config);
  folder.release();
  nowMs = 0;
});

const keep = (options: Partial<RecordOptions> = {}) =>
  keepRecords({
    config,
    folder: { ...folder, confirm: () => undefined },
    initial,
    sampler,
    resumedFrom: undefined,
    sampleEverySteps: 100,
    checkpointEveryMs: 1000,
    keepCheckpoints: 2,
    stopRule: undefined,
    now: () => nowMs,
    ...options,
  });
const metricsOf = (step: number) => ({ step }) as StepMetrics;

it('writes no checkpoint if the metrics of its steps cannot be flushed to the disk', async () => {
  // /dev/null refuses to be flushed.
  const records = keep({ folder: { ...folder, confirm: () => undefined, metrics: '/dev/null' } });
  records.committed(metricsOf(1));
  await expect(records.finish({ ...initial, step: 1 })).rejects.toThrow('/dev/null cannot be written');
  expect(await readdir(folder.checkpoints)).toEqual([]);
});

it('leaves the checkpoints of a resumed run that computes no step', async () => {
  const resumedFrom = path.join(folder.checkpoints, 'step-00000005.safetensors');
  const { checkpoint } = await keep({ resumedFrom, initial: { ...initial, step: 5 } }).finish({ ...initial, step: 5 });
  expect(checkpoint).toBe(resumedFrom);
  expect(await readdir(folder.checkpoints)).toEqual([]);
});

it('draws a grid of real images once, evenly spaced over the data', async () => {
  const file = path.join(folder.samples, 'reals.png');
  // Eight images, each of its own gray.
  const pixels = Uint8Array.from({ length: 8 * 64 }, (_, i) => 30 * Math.floor(i / 64));
  const dataset = createDataset({ name: 'grays', count: 8, size: 8, channels: 1, digest: '' }, pixels);
  const draw = async (options: Partial<RecordOptions>) => {
    const records = keep(options);
    records.drawReals(dataset, 4);
    await records.finish({ ...initial, step: 1 });
  };
  await draw({});
  const everySecond = Float32Array.from({ length: 4 * 64 }, (_, i) => (60 * Math.floor(i / 64)) / 127.5 - 1);
  expect((await readFile(file)).equals(await renderGrid(everySecond, config.model.image))).toBe(true);
  await writeFile(file, '');
  await draw({ resumedFrom: path.join(folder.checkpoints, 'step-00000001.safetensors') });
  expect((await stat(file)).size).toBe(0);
  await draw({});
  expect((await stat(file)).size).toBeGreaterThan(0);
});

it('reports at once that a checkpoint cannot be written, and keeps the one before', async () => {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder.checkpoints]);
  if (mounted.status !== 0)
    throw new Error('This test mounts a tmpfs, and may not. Run it as root, or in a container that allows mounts.');
  onTestFinished(() => void spawnSync('umount', ['--lazy', folder.checkpoints]));
  await keep().finish({ ...initial, step: 1 });
  await expect(writeFile(path.join(folder.checkpoints, 'full'), Buffer.alloc(2 ** 20))).rejects.toThrow('ENOSPC');
  const records = keep();
  const failed = new Promise((resolve) => records.failed.addEventListener('abort', resolve));
  nowMs += 1000;
  expect(records.committed(metricsOf(2))).toBe(true);
  records.arrived({ ...initial, step: 2 });
  await failed;
  await expect(records.finish({ ...initial, step: 2 })).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringContaining('the disk is full'),
  });
  expect(await readdir(folder.checkpoints)).toEqual(['full', 'step-00000001.safetensors']);
});

it('writes nothing any more when another process has taken the folder over', async () => {
  let isLost = false;
  const confirm = () => {
    if (isLost) throw new Error('lost');
  };
  const records = keep({ folder: { ...folder, confirm }, sampleEverySteps: 2 });
  records.committed(metricsOf(1));
  isLost = true;
  expect(() => records.committed(metricsOf(2))).toThrow('lost');
  expect(() => records.rewound(0)).toThrow('lost');
  await expect(records.finish({ ...initial, step: 2 })).rejects.toThrow('lost');
  expect(await readFile(folder.metrics, 'utf8')).toBe('{"step":1}\n');
  expect([await readdir(folder.samples), await readdir(folder.checkpoints)]).toEqual([[], []]);
});
