/**
 * Where a run keeps its checkpoints: as `checkpoints/step-00001000.safetensors` in the run's folder. `best.json` is in
 * the same folder `checkpoints`. In the packages and apps, only this file knows these names, and only its functions
 * read, write, list and remove checkpoints. To keep checkpoints elsewhere, for example in an object store, no other
 * file has to change the way in which it uses checkpoints: write a file into the folder `checkpoints` that says where
 * the checkpoints are, and let the functions of this file read it. Callers still name a checkpoint by its path in the
 * folder `checkpoints`. What a checkpoint contains is in packages/core/src/training/checkpoint.ts.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type TrainingState } from '@lstm-gan/core/training';
import { readWhole } from '@lstm-gan/system';
import type { RunConfig } from '../config/run-config.ts';
import { explainWriteError, readIfPresent, removeFiles, writeAtomically, type Confirm } from '../write-atomically.ts';
import { parseBest, type BestCheckpoint } from './best-checkpoint.ts';
import { nodeHashing } from './node-hashing.ts';

const folderName = 'checkpoints';
const extension = '.safetensors';

/** The path of a run's folder `checkpoints`. The functions below take this path as `folder`. */
export function checkpointsOf(root: string): string {
  return path.join(root, folderName);
}

/** The name of a checkpoint's file, for example `step-00001000.safetensors`. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}${extension}`;
}

/** The step in a checkpoint's name. NaN for other files. */
function stepOf(name: string): number {
  return Number(/^step-(\d{8,})\.safetensors$/.exec(name)?.[1]);
}

/** The file of a step's checkpoint. */
export function checkpointFile(folder: string, step: number): string {
  return path.join(folder, checkpointName(step));
}

/**
 * The folder of the run that wrote a checkpoint; undefined if the name is not a checkpoint's. Throws a UserError if the
 * file is not in a folder `checkpoints`, where runs write them.
 */
export function runOfCheckpoint(file: string): string | undefined {
  if (!file.endsWith(extension)) return undefined;
  const folder = path.dirname(file);
  if (path.basename(path.resolve(folder)) === folderName)
    return path.dirname(folder) === '.' ? path.resolve(folder, '..') : path.dirname(folder);
  throw new UserError({
    code: 'no-run',
    message: `${file} is not in the checkpoints folder of a run.`,
    advice:
      'Name the folder of a run, or a checkpoint in the place where the run wrote it: a run continues in its own folder.',
  });
}

/** The run that a folder belongs to: the folder itself, or for the folder `checkpoints` of a run, the folder above. */
export function runOfFolder(folder: string): string {
  const isOfCheckpoints =
    path.basename(path.resolve(folder)) === folderName && !existsSync(path.join(folder, 'config.json'));
  return isOfCheckpoints ? path.join(folder, '..') : folder;
}

/** The checkpoints of a folder, oldest first. */
export async function listCheckpoints(folder: string): Promise<{ readonly step: number; readonly file: string }[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .map((name) => ({ step: stepOf(name), file: path.join(folder, name) }))
    .filter(({ step }) => !Number.isNaN(step))
    .sort((a, b) => a.step - b.step);
}

/** The newest checkpoint of a folder, which may be damaged. Undefined if there is none. */
export async function newestCheckpoint(
  folder: string,
): Promise<{ readonly step: number; readonly file: string } | undefined> {
  return (await listCheckpoints(folder)).at(-1);
}

/** When a checkpoint was last written into a folder, in milliseconds since 1970. Undefined if there is none. */
export async function lastWrittenMs(folder: string): Promise<number | undefined> {
  const listed = await listCheckpoints(folder);
  // If the run has just removed an old checkpoint, `stat` fails and the checkpoint is left out.
  const times = listed.map(({ file }) =>
    stat(file).then(
      ({ mtimeMs }) => [mtimeMs],
      () => [],
    ),
  );
  const written = (await Promise.all(times)).flat();
  return written.length === 0 ? undefined : Math.max(...written);
}

/** Reads and verifies a checkpoint. Throws a UserError that names the file if it is no checkpoint or is damaged. */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readBytes(file);
  try {
    return await decodeCheckpoint(bytes, nodeHashing);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    const { code, message, advice } = cause;
    throw new UserError({ code, message: `${file}: ${message}`, advice, cause });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  const advice = 'Give a run folder or a checkpoint file.';
  return readWhole(
    file,
    (reason, cause) =>
      new UserError({ code: 'no-checkpoint', message: `${file} cannot be read: ${reason}.`, advice, cause }),
  );
}

/**
 * Returns the newest undamaged checkpoint of a folder. Every newer checkpoint is damaged; calls `onDamaged` for each.
 */
export async function readLatestCheckpoint(
  folder: string,
  onDamaged: (file: string, error: Error) => void,
): Promise<{ file: string; checkpoint: Checkpoint }> {
  for (const { file } of (await listCheckpoints(folder)).reverse()) {
    try {
      return { file, checkpoint: await decodeCheckpoint(await readBytes(file), nodeHashing) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onDamaged(file, error);
    }
  }
  throw new UserError({
    code: 'no-checkpoint',
    message: `${folder} has no sound checkpoint.`,
    advice: 'Check the path; a run writes its first checkpoint after ten seconds or when it ends.',
  });
}

/** Returns the checkpoint of a step. If a folder has none, throws a UserError that names the steps of those it has. */
export async function readCheckpointOfStep(folder: string, step: number): Promise<Checkpoint> {
  const steps = (await listCheckpoints(folder)).map((listed) => listed.step);
  if (steps.includes(step)) return readCheckpoint(checkpointFile(folder, step));
  throw new UserError({
    code: 'no-checkpoint',
    message: `${folder} has no checkpoint of step ${step}; it has ${steps.length === 0 ? 'none' : `those of ${steps.join(', ')}`}.`,
    advice: 'Name one of these steps; train --keep and --checkpoint-every decide which checkpoints there are.',
  });
}

/** Which checkpoints are kept when a new one is written. */
export interface Keep {
  /** How many of the newest checkpoints are kept, including the new one. */
  readonly newest: number;
  /** The steps of checkpoints that are kept even if they are old. */
  readonly steps?: readonly number[];
}

/**
 * Writes a checkpoint into a folder atomically, and returns its path. Removes the checkpoints that `Keep` does not
 * name. Also removes checkpoints of later steps: they are damaged, or the run was resumed from an earlier step.
 * @param confirm called before the checkpoint gets its name, and before a file is removed; if it throws, the folder
 *   stays as it is then
 */
export async function writeCheckpoint(
  folder: string,
  config: RunConfig,
  state: TrainingState,
  { newest, steps = [] }: Keep = { newest: 2 },
  confirm?: Confirm,
): Promise<string> {
  const written = checkpointFile(folder, state.step);
  await writeAtomically(written, await encodeCheckpoint(config, state, nodeHashing), confirm);
  const all = await listCheckpoints(folder);
  const upToNew = all.filter(({ step }) => step <= state.step);
  const staying = new Set([...upToNew.slice(-newest).map(({ step }) => step), ...steps]);
  for (const { step, file } of all) {
    if (staying.has(step)) continue;
    confirm?.();
    await rm(file, { force: true });
  }
  return written;
}

/**
 * Removes the checkpoints after a step, and files that were half written when a process died. Makes the folder if it is
 * missing. Once this function has returned, the files stay removed even if the machine crashes. It is synchronous, so
 * that no other code writes in between. (A store with only asynchronous calls would need another way: this function
 * would write `durableStep` to the disk. `listCheckpoints` would leave out checkpoints of later steps. The next
 * `writeCheckpoint` would remove those checkpoints, and then raise the step on the disk.)
 */
export function removeCheckpointsAfter(folder: string, durableStep: number): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw explainWriteError(folder, error);
  }
  removeFiles(folder, (name) => stepOf(name) > durableStep);
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

const bestFile = (folder: string): string => path.join(folder, 'best.json');

/**
 * The checkpoint that the folder's `best.json` names. Undefined if `best.json` names none, if the checkpoint's step is
 * after `upToStep`, or if its file is gone.
 */
export async function readBest(folder: string, upToStep: number): Promise<BestCheckpoint | undefined> {
  const best = parseBest(await readIfPresent(bestFile(folder)));
  if (best === undefined || best.step > upToStep) return undefined;
  const isThere = (await listCheckpoints(folder)).some(({ step }) => step === best.step);
  return isThere ? best : undefined;
}

/** Writes into `best.json` which checkpoint of a folder is the best. Throws a UserError if writing fails. */
export async function writeBest(folder: string, best: BestCheckpoint, confirm?: Confirm): Promise<void> {
  const text = `${JSON.stringify({ ...best, file: checkpointName(best.step) })}\n`;
  await writeAtomically(bestFile(folder), [text], confirm);
}
