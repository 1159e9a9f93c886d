/**
 * A run's folder: configuration, log, metrics, samples, checkpoints, keys. One process owns it at a time.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { listCheckpoints } from '../checkpoints/checkpoint.ts';
import { checkRunConfig, type RunConfig } from '../config/run-config.ts';
import { takeLock } from './run-lock.ts';
import { explainWriteError, readIfPresent, writeAtomically } from '../write-atomically.ts';

/** The paths in a run's folder, which this process holds until `release`. */
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

/**
 * Makes the folder of a new run; refuses one that holds a run. One that ended before its first checkpoint holds nothing
 * that could be gone on with, and is begun anew.
 */
export async function createRunFolder(root: string, config: RunConfig): Promise<RunFolder> {
  const folder = await openFolder(root);
  try {
    await refuseRun(folder);
    forgetBehind(folder, 0);
    await writeAtomically(folder.config, [`${JSON.stringify(config, undefined, 2)}\n`]);
    return folder;
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function refuseRun({ root, config, checkpoints }: RunFolder): Promise<void> {
  const text = await readIfPresent(config);
  if (text === undefined) return;
  const hasCheckpoint = (await listCheckpoints(checkpoints)).length > 0;
  if (!hasCheckpoint && isRunConfig(text)) return;
  throw new UserError({
    code: 'run-exists',
    message: hasCheckpoint ? `${root} holds a run already.` : `${root} holds a config.json that is not a run's.`,
    advice: `${hasCheckpoint ? `Go on with it: lstm-gan train --resume ${root} --steps N. Or choose` : 'Choose'} another folder with --out.`,
  });
}

function isRunConfig(text: string): boolean {
  try {
    checkRunConfig(JSON.parse(text));
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens the folder of an existing run; what it holds stays as it is until `forgetBehind`.
 * @param findDurable reads what to go on from; called when the folder is ours, so that nobody writes to it meanwhile
 */
export async function reopenRunFolder<T>(
  root: string,
  findDurable: (checkpoints: string) => Promise<T>,
): Promise<{ folder: RunFolder; durable: T }> {
  if ((await readIfPresent(path.join(root, 'config.json'))) === undefined) {
    throw new UserError({
      code: 'no-run',
      message: `${root} holds no run.`,
      advice: 'Give the folder of a run, or start one with lstm-gan train --out.',
    });
  }
  const folder = await openFolder(root);
  try {
    return { folder, durable: await findDurable(folder.checkpoints) };
  } catch (error) {
    await folder.release();
    throw error;
  }
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
  try {
    for (const folder of [root, paths.samples, paths.checkpoints]) await mkdir(folder, { recursive: true });
    return { ...paths, release: await takeLock(path.join(root, 'run.lock')) };
  } catch (error) {
    throw explainWriteError(root, error);
  }
}

/**
 * Removes what a run left behind its durable step, as it will be made again, and what was half written when a process
 * died. Synchronous, so that nothing of the next step can come in between.
 *
 * It keeps this promise of a run's folder: for every checkpoint that is there, metrics.jsonl begins with a line for each
 * step up to it, once and in order. So later checkpoints go first, and for good, before the lines that belong to them.
 */
export function forgetBehind(
  { metrics, samples, checkpoints }: Pick<RunFolder, 'metrics' | 'samples' | 'checkpoints'>,
  durableStep: number,
): void {
  removeBehind(checkpoints, durableStep);
  flushFolder(checkpoints);
  cutMetrics(metrics, durableStep);
  removeBehind(samples, durableStep);
}

function removeBehind(folder: string, durableStep: number): void {
  for (const file of readdirSync(folder)) {
    const step = /^step-(\d+)\.(png|safetensors)$/.exec(file)?.[1];
    if (file.endsWith('.partial') || Number(step) > durableStep) rmSync(path.join(folder, file));
  }
}

function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Cuts the file behind the last line whose step is durable; a torn last line goes too. */
function cutMetrics(file: string, durableStep: number): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  let length = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    if (!(stepOf(line) <= durableStep)) break;
    length += Buffer.byteLength(line) + 1;
  }
  if (text !== '') truncateSync(file, length);
}

function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: unknown }).step);
  } catch {
    return NaN;
  }
}
