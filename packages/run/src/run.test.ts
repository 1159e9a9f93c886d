import { mkdir, mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createNetworkState, presets, type Preset } from '@lstm-gan/core';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkpointName, listCheckpoints, readCheckpoint, readLatestCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { openMetrics, type StepMetrics } from './metrics.ts';
import { createRunConfig } from './run-config.ts';
import { createRunFolder, reopenRunFolder } from './run-folder.ts';
import { renderGrid } from './sample-grid.ts';
import { createTrainingState } from './training-state.ts';
import { weightsSha256 } from './weights-hash.ts';
import { writeAtomically } from './write-atomically.ts';

const digits = presets.get('digits') as Preset;
const small: Preset = {
  ...digits,
  model: {
    ...digits.model,
    image: { size: 16, channels: 1 },
    latent: 4,
    generator: { kind: 'rows', dense: 16, steps: 4, stepSize: 4, lstm: 8, hidden: [], base: [4, 4, 2], filters: [3] },
    discriminator: { filters: [3], dropout: 0 },
  },
};
const config = createRunConfig(small);
const start = createTrainingState(config);
const stateAt = (step: number) => ({
  ...start,
  step,
  generator: { ...createNetworkState(start.generator.weights.map((value) => value * 1.1)), beta1Power: 0.1 + 0.2, updates: step },
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-run-'));
});

describe('a checkpoint', () => {
  it('reads back bit for bit', async () => {
    const file = await writeCheckpoint(folder, config, stateAt(12));
    const { state, config: read } = await readCheckpoint(file);
    expect(state).toEqual(stateAt(12));
    expect(read).toEqual(config);
  });

  it('keeps the newest two', async () => {
    for (const step of [1, 2, 3]) await writeCheckpoint(folder, config, stateAt(step));
    expect(await readdir(folder)).toEqual([checkpointName(2), checkpointName(3)]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 5)],
    ['with another weight', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -4), Buffer.from([1, 2, 3, 4])])],
    ['empty', () => Buffer.alloc(0)],
  ])('that is damaged (%s) gives way to the one before, and its name is told', async (name, damage) => {
    await writeCheckpoint(folder, config, stateAt(1));
    const newest = await writeCheckpoint(folder, config, stateAt(2));
    const bytes = await readFile(newest);
    // The last tensor of the file is a moment, which the weights' hash does not cover: damage a weight instead.
    const place = bytes.indexOf(Buffer.from(new Uint8Array(stateAt(2).generator.weights.buffer).subarray(0, 64)));
    expect(place).toBeGreaterThan(0);
    const broken = name === 'with another weight' ? Buffer.concat([bytes.subarray(0, place), Buffer.from([1, 2, 3, 4]), bytes.subarray(place + 4)]) : damage(bytes);
    await writeFile(newest, broken);
    const damaged: string[] = [];
    const { checkpoint } = await readLatestCheckpoint(folder, (file) => damaged.push(file));
    expect(checkpoint.state.step).toBe(1);
    expect(damaged).toEqual([newest]);
  });

  it('of nothing is an error that says what to do', async () => {
    await expect(readLatestCheckpoint(folder, () => undefined)).rejects.toMatchObject({ code: 'no-checkpoint' });
    expect(await listCheckpoints(path.join(folder, 'nowhere'))).toEqual([]);
  });
});

describe('a run folder', () => {
  it('is refused while it holds a run, or while another process trains in it', async () => {
    const opened = await createRunFolder(folder, config);
    await expect(createRunFolder(folder, config)).rejects.toMatchObject({ code: 'run-exists' });
    await writeFile(path.join(folder, 'run.lock'), '1');
    await expect(reopenRunFolder(folder, 0)).rejects.toMatchObject({ code: 'run-in-use' });
    await opened.release();
    await (await reopenRunFolder(folder, 0)).release();
  });

  it('takes over the lock of a process that has died', async () => {
    await (await createRunFolder(folder, config)).release();
    await writeFile(path.join(folder, 'run.lock'), '999999999');
    await expect(reopenRunFolder(folder, 0)).resolves.toBeDefined();
  });

  it('forgets metrics and samples behind the durable step', async () => {
    const opened = await createRunFolder(folder, config);
    const metrics = openMetrics(opened.metrics);
    for (const step of [1, 2, 3]) metrics.write({ step } as StepMetrics);
    await metrics.close();
    await writeFile(opened.metrics, `${await readFile(opened.metrics, 'utf8')}{"step":4,"tor`);
    for (const step of [2, 3]) await writeFile(path.join(opened.samples, `step-0000000${step}.png`), '');
    await reopenRunFolder(folder, 2);
    expect(await readFile(opened.metrics, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
    expect(await readdir(opened.samples)).toEqual(['step-00000002.png']);
  });
});

it('writes a file whole or not at all', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['one', Buffer.from('two')]);
  expect(await readFile(file, 'utf8')).toBe('onetwo');
  await mkdir(path.join(folder, 'b.partial'));
  await expect(writeAtomically(path.join(folder, 'b'), ['x'])).rejects.toThrow();
  expect((await readdir(folder)).sort()).toEqual(['a', 'b.partial']);
});

it('suggests a batch that the shard size divides', () => {
  expect(() => createRunConfig(digits, { batchSize: 60 })).toThrow(expect.objectContaining({ code: 'batch-not-divisible', advice: expect.stringContaining('--batch-size 64') }) as Error);
  expect(createRunConfig(digits, { batchSize: 32, seed: 9 })).toMatchObject({ batchSize: 32, seed: 9, shardSize: 16 });
});

it('hashes both networks in order, little-endian', () => {
  expect(weightsSha256(Float32Array.of(1), Float32Array.of(-2))).toBe('ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b');
});

it('lays images out in a grid, clipped and rounded', async () => {
  const images = new Float32Array(4 * 64 * 64 * 3).fill(-1);
  images.fill(2, 0, 64 * 64 * 3);
  const { data, info } = await sharp(await renderGrid(images, { size: 64, channels: 3 })).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([134, 134, 3]);
  const pixel = (x: number, y: number) => data[(y * 134 + x) * 3];
  expect([pixel(2, 2), pixel(70, 70), pixel(0, 0), pixel(67, 70)]).toEqual([255, 0, 255, 255]);
});
