/** A run's folder: configuration, log, metrics, samples, checkpoints, keys. One process owns it at a time. */
import { closeSync, existsSync, openSync, readFileSync, readSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { createTemporary, makeFolder, removeLeftovers, removeTemporaries, takeLock, type Lock } from '@lstm-gan/system';
import { checkpointsOf, newestCheckpoint, removeCheckpointsAfter } from '../checkpoints/checkpoint-store.ts';
import { checkRunConfig, type RunConfig } from '@lstm-gan/core/config';
import { shellWord } from '../terminal-text.ts';
import { explainWriteError, readIfPresent, removeFiles, writeAtomically, type Confirm } from '../write-atomically.ts';

/** The paths in a run's folder. This process owns the folder until `release`, or until another process takes it over. */
export interface RunFolder {
  readonly root: string;
  readonly config: string;
  readonly log: string;
  readonly metrics: string;
  readonly health: string;
  readonly samples: string;
  readonly checkpoints: string;
  /** Throws a UserError if another process has taken the folder over. Must be called before every change of its files. */
  readonly confirm: Confirm;
  /** Aborted when another process has taken the folder over. */
  readonly lost: AbortSignal;
  /** Lets other processes use the folder. */
  release(): void;
}

/** How the folder is taken from a process that trains in it, or that may still do so. */
export interface FolderOptions {
  /** Takes the folder at once, also from a living process. */
  readonly takeOver?: boolean;
  /** Gets a sentence about a process that may still train in the folder. */
  readonly onNotice?: (sentence: string) => void;
}

/**
 * Makes the folder of a new run. Throws a UserError if the folder has a run with a checkpoint. A run that ended before
 * its first checkpoint cannot be resumed, so its folder is used again.
 */
export async function createRunFolder(
  root: string,
  config: RunConfig,
  options: FolderOptions = {},
): Promise<RunFolder> {
  const folder = await openFolder(root, options);
  try {
    await refuseRun(root);
    removeStepsAfter(folder, 0);
    await writeAtomically(folder.config, [`${JSON.stringify(config, undefined, 2)}\n`], folder.confirm);
    return folder;
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** Throws a UserError if no new run can begin in a folder, because it has a run with a checkpoint. */
export async function refuseRun(root: string): Promise<void> {
  const text = await readIfPresent(path.join(root, 'config.json'));
  if (text === undefined) return;
  const hasCheckpoint = (await newestCheckpoint(checkpointsOf(root))) !== undefined;
  if (!hasCheckpoint && isRunConfig(text)) return;
  throw new UserError({
    code: 'run-exists',
    message: hasCheckpoint ? `${root} holds a run already.` : `${root} holds a config.json that is not a run's.`,
    advice: hasCheckpoint
      ? `Go on with it: lstm-gan train --resume ${shellWord(root)} --steps N. Or choose another folder with --out.`
      : 'Choose another folder with --out.',
  });
}

/** Whether a folder is a run's: it has a run's configuration or a checkpoint. */
export async function isRun(root: string): Promise<boolean> {
  const text = await readIfPresent(path.join(root, 'config.json'));
  if (text !== undefined && isRunConfig(text)) return true;
  return (await newestCheckpoint(checkpointsOf(root))) !== undefined;
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
 * Opens the folder of an existing run. Removes nothing from the folder; `removeStepsAfter` does that.
 * @param findDurable reads the state to resume from. It is called only after this process has locked the folder, so no
 * other process writes into the folder meanwhile.
 */
export async function reopenRunFolder<T>(
  root: string,
  findDurable: (checkpoints: string) => Promise<T>,
  options: FolderOptions = {},
): Promise<{ folder: RunFolder; durable: T }> {
  const hasConfig = (await readIfPresent(path.join(root, 'config.json'))) !== undefined;
  if (!hasConfig || !(await isRun(root))) {
    throw new UserError({
      code: 'no-run',
      message: `${root} holds no run.`,
      advice: 'Give the folder of a run, or start one with lstm-gan train --out.',
    });
  }
  const folder = await openFolder(root, options);
  try {
    return { folder, durable: await findDurable(folder.checkpoints) };
  } catch (error) {
    folder.release();
    throw error;
  }
}

async function openFolder(root: string, options: FolderOptions): Promise<RunFolder> {
  const paths = {
    root,
    config: path.join(root, 'config.json'),
    log: path.join(root, 'log.jsonl'),
    metrics: path.join(root, 'metrics.jsonl'),
    health: path.join(root, 'health.jsonl'),
    samples: path.join(root, 'samples'),
    checkpoints: checkpointsOf(root),
  };
  try {
    for (const folder of [root, paths.samples]) await makeFolder(folder);
    const lock = await takeLock(path.join(root, 'run.lock'), {
      ...options,
      what: root,
      refuse: (owner) => inUse(root, owner),
    });
    try {
      await excludeEarlierOwner(paths, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
    return { ...paths, lost: lock.lost, confirm: () => lock.confirm(), release: () => lock.release() };
  } catch (error) {
    throw explainWriteError(root, error);
  }
}

function inUse(root: string, owner: string): UserError {
  return new UserError({
    code: 'run-in-use',
    message: `${owner[0].toUpperCase()}${owner.slice(1)} is training in ${root}.`,
    advice:
      'Stop it first, or choose another folder with --out. Or take the folder from it with --take-over: it then stops with an error.',
  });
}

/**
 * Removes files that were half written by an earlier owner of the folder. If that owner may still live, for example
 * because it is stopped, then its next line goes into a file that is in no folder any more, and the file that it writes
 * just now cannot get its final name.
 */
async function excludeEarlierOwner(
  { root, log, metrics, health, samples, checkpoints }: Omit<RunFolder, 'config' | 'confirm' | 'lost' | 'release'>,
  lock: Lock,
): Promise<void> {
  for (const folder of [root, samples, checkpoints])
    if (lock.isTakenOver) removeTemporaries(folder);
    else removeLeftovers(folder);
  if (!lock.isTakenOver) return;
  for (const file of [log, metrics, health].filter(existsSync)) {
    const copy = createTemporary(root);
    try {
      await copyFile(file, copy.path);
      lock.confirm();
      await rename(copy.path, file);
    } finally {
      copy.remove();
    }
  }
}

/**
 * Removes what a run wrote for steps after its durable step (the resumed run repeats these steps), and files that were
 * half written when a process died. It is synchronous, so that no part of the next step runs in between.
 *
 * A run's folder keeps this promise: for each checkpoint in it, metrics.jsonl begins with one line for each step up to
 * that checkpoint, in order. So the checkpoints of later steps are removed first, and durably; then the lines of these
 * steps are removed.
 *
 * Throws a UserError if another process has taken the folder over.
 */
export function removeStepsAfter(
  {
    metrics,
    health,
    samples,
    checkpoints,
    confirm,
  }: Pick<RunFolder, 'metrics' | 'health' | 'samples' | 'checkpoints' | 'confirm'>,
  durableStep: number,
): void {
  confirm();
  removeCheckpointsAfter(checkpoints, durableStep);
  try {
    cutMetrics(metrics, durableStep);
    cutFindings(health, durableStep);
  } catch (error) {
    throw explainWriteError(metrics, error);
  }
  removeFiles(samples, (name) => Number(/^step-(\d+)\.png$/.exec(name)?.[1]) > durableStep);
}

/** Cuts the file after the last line of a durable step. This also removes a half-written last line. */
function cutMetrics(file: string, durableStep: number): void {
  if (!existsSync(file)) return;
  let length = 0;
  for (const line of linesOf(file)) {
    if (!(stepOf(line.toString()) <= durableStep)) break;
    length += line.length + 1;
  }
  truncateSync(file, length);
}

/** Removes the lines of later steps. The few lines are not ordered: what was found of an older step may come later. */
function cutFindings(file: string, durableStep: number): void {
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.flatMap((line) => (stepOf(line) <= durableStep ? [`${line}\n`] : [])).join(''));
}

const chunkBytes = 2 ** 20;

/** No line of metrics is as long as this. */
const mostLineBytes = 2 ** 24;

/**
 * The complete lines of a file, without their line feeds, up to a line that is too long to be one of metrics. Read in
 * parts: a long run's file does not fit into a string.
 */
function* linesOf(file: string): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    const chunk = Buffer.alloc(chunkBytes);
    for (
      let read = readSync(descriptor, chunk);
      read > 0 && rest.length < mostLineBytes;
      read = readSync(descriptor, chunk)
    ) {
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      let start = 0;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
        yield rest.subarray(start, end);
        start = end + 1;
      }
      rest = rest.subarray(start);
    }
  } finally {
    closeSync(descriptor);
  }
}

function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: unknown }).step);
  } catch {
    return NaN;
  }
}
