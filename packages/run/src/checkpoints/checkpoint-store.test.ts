import { mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTemporary } from '@lstm-gan/system';
import { beforeEach, expect, it } from 'vitest';
import { isJudgedBy } from './best-checkpoint.ts';
import {
  checkpointFile,
  checkpointName,
  checkpointsOf,
  listCheckpoints,
  newestCheckpoint,
  readBest,
  readLatestCheckpoint,
  removeCheckpointsAfter,
  runOfCheckpoint,
  writeBest,
  writeCheckpoint,
} from './checkpoint-store.ts';
import { smallConfig, smallState } from '../testing/small-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-store-'));
});

it('keeps the newest two, or as many as are asked for', async () => {
  for (const step of [1, 2, 3]) await writeCheckpoint(folder, smallConfig, smallState(step));
  expect(await readdir(folder)).toEqual([checkpointName(2), checkpointName(3)]);
  await writeCheckpoint(folder, smallConfig, smallState(4), { newest: 1 });
  expect(await readdir(folder)).toEqual([checkpointName(4)]);
});

it('keeps the best one too, and removes those after the step that the run was resumed from', async () => {
  for (const step of [1, 2, 3, 4])
    await writeCheckpoint(folder, smallConfig, smallState(step), { newest: 2, steps: [2] });
  expect(await readdir(folder)).toEqual([2, 3, 4].map(checkpointName));
  await writeCheckpoint(folder, smallConfig, smallState(3), { newest: 2 });
  expect(await readdir(folder)).toEqual([2, 3].map(checkpointName));
});

it('remembers which one is the best, unless it is gone or the run was resumed before it', async () => {
  const best = { step: 5, metric: 'losses.generator', comparison: '<', windowSteps: 3, value: 0.1 + 0.2 };
  expect(await readBest(folder, 9)).toBeUndefined();
  await writeBest(folder, best);
  expect(await readBest(folder, 5)).toBeUndefined();
  await writeCheckpoint(folder, smallConfig, smallState(5));
  expect(await readBest(folder, 5)).toEqual(best);
  expect(await readBest(folder, 4)).toBeUndefined();
  const condition = {
    metric: 'losses.generator',
    comparison: '<',
    windowSteps: 3,
    threshold: 0,
    patienceSteps: 9,
  } as const;
  expect([isJudgedBy(best, condition), isJudgedBy(best, { ...condition, windowSteps: 4 })]).toEqual([true, false]);
  await writeFile(path.join(folder, 'best.json'), '{');
  expect(await readBest(folder, 9)).toBeUndefined();
});

it('says what to do if there is no checkpoint', async () => {
  await expect(readLatestCheckpoint(folder, () => undefined)).rejects.toMatchObject({ code: 'no-checkpoint' });
  expect(await listCheckpoints(path.join(folder, 'nowhere'))).toEqual([]);
});

it('finds the run of a checkpoint, and the checkpoint of a step of a run', () => {
  const file = path.join('runs', 'digits', 'checkpoints', 'step-00000042.safetensors');
  expect(checkpointFile(checkpointsOf('runs/digits'), 42)).toBe(file);
  expect(runOfCheckpoint(file)).toBe('runs/digits');
  expect(runOfCheckpoint('runs/digits')).toBeUndefined();
  expect(() => runOfCheckpoint('elsewhere/step-00000042.safetensors')).toThrow('not in the checkpoints folder');
});

it('takes the one of the latest step for the newest, whenever it was written, and no other file', async () => {
  expect(await newestCheckpoint(folder)).toBeUndefined();
  const newest = checkpointFile(folder, 100_000_000);
  for (const file of [newest, checkpointFile(folder, 99_999_999)]) await writeFile(file, '');
  for (const name of ['best.json', 'step-00000001.png', 'step-200000000.safetensors.partial'])
    await writeFile(path.join(folder, name), '');
  await utimes(newest, 5, 5);
  expect(await newestCheckpoint(folder)).toEqual({ step: 100_000_000, file: newest });
});

it('removes those after a step, and not what is being written', async () => {
  for (const step of [1, 2, 3]) await writeFile(checkpointFile(folder, step), '');
  await writeFile(path.join(folder, 'best.json'), '');
  const written = createTemporary(folder);
  await writeFile(written.path, '');
  removeCheckpointsAfter(folder, 2);
  expect(await readdir(folder)).toEqual(['best.json', path.basename(written.path), ...[1, 2].map(checkpointName)]);
  written.remove();
});
