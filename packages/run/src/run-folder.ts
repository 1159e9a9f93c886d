/**
 * A run's folder: configuration, log, metrics, samples, checkpoints, keys. One process owns it at a time.
 */
import { mkdir, open, readFile, readdir, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import type { RunConfig } from './run-config.ts';
import { explainWriteError, writeAtomically } from './write-atomically.ts';

export interface RunFolder {
  readonly root: string;
  readonly config: string;
  readonly log: string;
  readonly metrics: string;
  readonly samples: string;
  readonly checkpoints: string;
  /** Lets others use the folder. */
  release(): Promise<void>;
}

/** Makes the folder of a new run; refuses one that holds a run. */
export async function createRunFolder(root: string, config: RunConfig): Promise<RunFolder> {
  const present = await readdir(root).catch(() => [] as string[]);
  if (present.includes('config.json')) {
    throw new UserError({
      code: 'run-exists',
      message: `${root} holds a run already.`,
      advice: `Go on with it: lstm-gan train --resume ${root} --steps N. Or choose another folder with --out.`,
    });
  }
  const folder = await openFolder(root);
  await writeAtomically(folder.config, [`${JSON.stringify(config, undefined, 2)}\n`]);
  return folder;
}

/** Opens the folder of an existing run, and cuts metrics and samples behind its durable step. */
export async function reopenRunFolder(root: string, durableStep: number): Promise<RunFolder> {
  const folder = await openFolder(root);
  await truncateMetrics(folder.metrics, durableStep);
  for (const file of await readdir(folder.samples)) {
    const step = /^step-(\d+)\.png$/.exec(file)?.[1];
    if (step !== undefined && Number(step) > durableStep) await rm(path.join(folder.samples, file));
  }
  return folder;
}

async function openFolder(root: string): Promise<RunFolder> {
  const paths = {
    root,
    config: path.join(root, 'config.json'),
    log: path.join(root, 'log.jsonl'),
    metrics: path.join(root, 'metrics.jsonl'),
    samples: path.join(root, 'samples'),
    checkpoints: path.join(root, 'checkpoints'),
  };
  const lock = path.join(root, 'run.lock');
  try {
    for (const folder of [root, paths.samples, paths.checkpoints]) await mkdir(folder, { recursive: true });
    await takeLock(lock);
  } catch (error) {
    throw explainWriteError(root, error);
  }
  return { ...paths, release: () => rm(lock, { force: true }) };
}

/** The lock of a process that has died is taken over. */
async function takeLock(file: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid)).finally(() => handle.close());
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner !== process.pid && isAlive(owner)) {
      throw new UserError({
        code: 'run-in-use',
        message: `Process ${owner} is training in ${path.dirname(file)}.`,
        advice: 'Stop it first, or choose another folder with --out.',
      });
    }
    await rm(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Cuts the file behind the last line whose step is durable; a torn last line goes too. */
async function truncateMetrics(file: string, durableStep: number): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  let length = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    if (!(stepOf(line) <= durableStep)) break;
    length += Buffer.byteLength(line) + 1;
  }
  if (text !== '') await truncate(file, length);
}

function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: unknown }).step);
  } catch {
    return NaN;
  }
}
