import { mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeAtomically } from '@lstm-gan/system';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../checkpoints/checkpoint-store.ts';
import { openMetrics, type StepMetrics } from '../metrics/metrics.ts';
import { createRunFolder, isRun, removeStepsAfter, reopenRunFolder, type RunFolder } from './run-folder.ts';
import { smallConfig, smallState } from '../testing/small-state.ts';

let root: string;
beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-folder-')), 'run');
});

/** Writes what a run of three steps leaves in its folder. The last line of the metrics is incomplete. */
async function leaveTraces(folder: RunFolder): Promise<void> {
  const metrics = openMetrics(folder.metrics);
  for (const step of [1, 2, 3]) metrics.write({ step } as StepMetrics);
  metrics.close();
  await writeFile(folder.metrics, `${await readFile(folder.metrics, 'utf8')}{"step":4,"tor`);
  for (const step of [2, 3]) await writeFile(path.join(folder.samples, `step-0000000${step}.png`), '');
}

/** Opens the run folder and releases its lock at once. */
async function reopen(): Promise<void> {
  const { folder } = await reopenRunFolder(root, async () => undefined);
  folder.release();
}

/** Opens the run folder and removes what is after a step. */
async function removeAfter(step: number): Promise<void> {
  const { folder } = await reopenRunFolder(root, async () => undefined);
  try {
    removeStepsAfter(folder, step);
  } finally {
    folder.release();
  }
}

it('holds the configuration', async () => {
  const folder = await createRunFolder(root, smallConfig);
  expect(JSON.parse(await readFile(folder.config, 'utf8'))).toEqual(smallConfig);
  folder.release();
});

it('is refused when it holds a run', async () => {
  const folder = await createRunFolder(root, smallConfig);
  await writeCheckpoint(folder.checkpoints, smallConfig, smallState(1));
  folder.release();
  await expect(createRunFolder(root, smallConfig)).rejects.toMatchObject({
    code: 'run-exists',
    advice: expect.stringContaining(`--resume ${root}`),
  });
  // The refused `createRunFolder` has released the lock, so the folder can be opened.
  await reopen();
});

it('is used again if its run ended before the first checkpoint', async () => {
  const first = await createRunFolder(root, smallConfig);
  await leaveTraces(first);
  first.release();
  const second = await createRunFolder(root, { ...smallConfig, seed: 9 });
  expect(JSON.parse(await readFile(second.config, 'utf8'))).toMatchObject({ seed: 9 });
  expect(await readFile(second.metrics, 'utf8')).toBe('');
  expect(await readdir(second.samples)).toEqual([]);
  second.release();
});

it('is reopened only if there is a run, and changes nothing if there is none', async () => {
  await expect(reopenRunFolder(root, async () => undefined)).rejects.toMatchObject({ code: 'no-run' });
  await expect(readdir(root)).rejects.toThrow('ENOENT');
});

it('is refused if it has a config.json of another program, which stays unchanged', async () => {
  const other = path.dirname(root);
  await writeFile(path.join(other, 'config.json'), '{"mine": true}');
  await expect(createRunFolder(other, smallConfig)).rejects.toMatchObject({
    code: 'run-exists',
    message: expect.stringContaining("not a run's"),
  });
  expect(await readFile(path.join(other, 'config.json'), 'utf8')).toBe('{"mine": true}');
});

it('is not taken for a run because it has a config.json of another program, and is not changed', async () => {
  const other = path.dirname(root);
  await writeFile(path.join(other, 'config.json'), '{"mine": true}');
  const before = await readdir(other);
  await expect(reopenRunFolder(other, async () => undefined)).rejects.toMatchObject({ code: 'no-run' });
  expect([await isRun(other), await readdir(other)]).toEqual([false, before]);
  const folder = await createRunFolder(root, smallConfig);
  expect(await isRun(root)).toBe(true);
  await writeFile(folder.config, 'damaged');
  expect(await isRun(root)).toBe(false);
  await writeCheckpoint(folder.checkpoints, smallConfig, smallState(1));
  expect(await isRun(root)).toBe(true);
  folder.release();
});

it('is refused while another process trains in it', async () => {
  const folder = await createRunFolder(root, smallConfig);
  await expect(createRunFolder(root, smallConfig)).rejects.toMatchObject({
    code: 'run-in-use',
    advice: expect.stringContaining('--take-over'),
  });
  await expect(reopenRunFolder(root, async () => undefined)).rejects.toMatchObject({
    code: 'run-in-use',
    message: expect.stringContaining(String(process.pid)),
  });
  folder.release();
  await reopen();
  expect(await readdir(root)).not.toContain('run.lock');
});

it('that another process takes over keeps nothing of what its first owner writes afterwards', async () => {
  const first = await createRunFolder(root, smallConfig);
  await writeCheckpoint(first.checkpoints, smallConfig, smallState(1), undefined, first.confirm);
  const metrics = openMetrics(first.metrics, first.confirm);
  metrics.write({ step: 1 } as StepMetrics);
  // The first owner is stopped after it has asked whether the folder is still its own.
  const stopped = openMetrics(first.metrics);
  stopped.write({ step: 2 } as StepMetrics);
  let second: RunFolder | undefined;
  const takeOver = async (): Promise<void> => {
    second = (await reopenRunFolder(root, async () => undefined, { takeOver: true })).folder;
  };
  let asked = 0;
  await expect(
    writeAtomically(
      path.join(first.checkpoints, 'step-00000002.safetensors'),
      async (handle) => {
        await handle.writeFile('half');
        await takeOver();
      },
      () => {
        if (asked++ > 0) first.confirm();
      },
    ),
  ).rejects.toMatchObject({ code: 'lock-lost' });
  stopped.write({ step: 3 } as StepMetrics);
  expect(() => metrics.write({ step: 3 } as StepMetrics)).toThrow(expect.objectContaining({ code: 'lock-lost' }));
  await expect(
    writeCheckpoint(first.checkpoints, smallConfig, smallState(3), undefined, first.confirm),
  ).rejects.toMatchObject({ code: 'lock-lost' });
  expect(await readFile(first.metrics, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
  expect(await readdir(first.checkpoints)).toEqual(['step-00000001.safetensors']);
  for (const writer of [metrics, stopped]) writer.close();
  first.release();
  second?.confirm();
  second?.release();
  expect(await readdir(root)).not.toContain('run.lock');
});

describe('a run that is resumed after a durable step', () => {
  let folder: RunFolder;
  beforeEach(async () => {
    folder = await createRunFolder(root, smallConfig);
    await leaveTraces(folder);
    for (const step of [2, 3]) await writeCheckpoint(folder.checkpoints, smallConfig, smallState(step));
    folder.release();
  });

  it('leaves the folder unchanged at first', async () => {
    const before = await readFile(folder.metrics, 'utf8');
    await reopen();
    expect(await readFile(folder.metrics, 'utf8')).toBe(before);
    expect(await readdir(folder.samples)).toEqual(['step-00000002.png', 'step-00000003.png']);
    expect(await readdir(folder.checkpoints)).toEqual(['step-00000002.safetensors', 'step-00000003.safetensors']);
  });

  it('removes later steps', async () => {
    await writeFile(folder.health, '{"step":2}\n{"step":3}\n{"step":1}\n{"ste');
    await removeAfter(2);
    expect(await readFile(folder.metrics, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
    expect(await readFile(folder.health, 'utf8')).toBe('{"step":2}\n{"step":1}\n');
    expect(await readdir(folder.samples)).toEqual(['step-00000002.png']);
    expect(await readdir(folder.checkpoints)).toEqual(['step-00000002.safetensors']);
  });

  it('changes nothing after another process has taken the folder over', async () => {
    const { folder: old } = await reopenRunFolder(root, async () => undefined);
    const { folder: taken } = await reopenRunFolder(root, async () => undefined, { takeOver: true });
    expect(() => removeStepsAfter(old, 2)).toThrow('this process writes nothing more');
    expect(await readdir(folder.checkpoints)).toHaveLength(2);
    taken.release();
  });

  it('cuts metrics that are longer than a string can be', async () => {
    const line = (step: number) => `{"step":${step},"pad":"${'x'.repeat(2 ** 20)}"}\n`;
    // 600 MiB. A sparse file would be one line of zeros.
    const handle = await open(folder.metrics, 'w');
    for (let step = 1; step <= 600; step++) await handle.write(line(step));
    await handle.close();
    await removeAfter(599);
    const { size } = await stat(folder.metrics);
    expect(size).toBe(Array.from({ length: 599 }, (_, k) => line(k + 1).length).reduce((sum, length) => sum + length));
    await rm(folder.metrics);
  });

  it('never has a checkpoint without the metrics of its steps, even after a crash', async () => {
    // A folder in place of metrics.jsonl makes cutting fail. This stands for a crash before the metrics are cut.
    await rm(folder.metrics);
    await mkdir(folder.metrics);
    await expect(removeAfter(2)).rejects.toThrow('metrics.jsonl cannot be written: it is a folder.');
    expect(await readdir(folder.checkpoints)).toEqual(['step-00000002.safetensors']);
  });
});

it('says that its checkpoints cannot be where a file is', async () => {
  await mkdir(root);
  await writeFile(path.join(root, 'checkpoints'), '');
  await expect(createRunFolder(root, smallConfig)).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringMatching(/checkpoints cannot be written: /),
  });
});

it('says that a run folder cannot be below a file', async () => {
  await writeFile(root, '');
  await expect(createRunFolder(path.join(root, 'below'), smallConfig)).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringContaining('is a file'),
  });
  await expect(createRunFolder(root, smallConfig)).rejects.toMatchObject({ code: 'cannot-write' });
});
