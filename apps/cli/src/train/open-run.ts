/** What is trained and where: a new run in a new folder, or one to go on with from its newest checkpoint. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import {
  checkRunConfig,
  createRunFolder,
  createTrainingState,
  differencesOf,
  explainWriteError,
  forgetBehind,
  listCheckpoints,
  mergeValues,
  readCheckpoint,
  readIfPresent,
  readLatestCheckpoint,
  readRunIdentity,
  reopenRunFolder,
  type Checkpoint,
  type ConfigLayer,
  type RunConfig,
  type RunFolder,
  type RunIdentity,
  type TrainingState,
} from '@lstm-gan/run';
import type { RunPlace } from './find-run.ts';

export interface OpenRun {
  readonly config: RunConfig;
  readonly folder: RunFolder;
  readonly initial: TrainingState;
  /** Unique; messages of another run are stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** What the run began with, where it goes on. */
  readonly identity: RunIdentity | undefined;
  /** The checkpoint that it goes on from. */
  readonly resumedFrom: string | undefined;
  /** Whether no worker with other bits could ever take part. */
  readonly isStrict: boolean;
  /** Marks that the run came to an end by itself: the same command would not go on with it. */
  end(): void;
  /** Makes the folder ready for the next step. Before, when the run may still be refused, all that it has made stays. */
  takeUp(): void;
}

/** Begins a run; refuses a folder that holds one. */
export async function beginRun(root: string, config: RunConfig, isStrict = true): Promise<OpenRun> {
  const folder = await createRunFolder(root, config);
  const number = { run: randomBytes(8).toString('hex'), incarnation: 1, strict: isStrict };
  return {
    config,
    folder,
    ...number,
    isStrict,
    initial: createTrainingState(config),
    identity: undefined,
    resumedFrom: undefined,
    takeUp: () => writeNumber(root, { ...number, ended: false }),
    end: () => writeNumber(root, { ...number, ended: true }),
  };
}

/** Whether a folder holds a run with a checkpoint and the same configuration that did not come to its end: its coordinator was killed, or stopped by an error. */
export async function wasInterrupted(root: string, config: RunConfig): Promise<boolean> {
  const [number, newest] = [await readNumber(root), (await listCheckpoints(path.join(root, 'checkpoints'))).at(-1)];
  if (number?.ended !== false || newest === undefined) return false;
  const stated = parseConfig((await readIfPresent(path.join(root, 'config.json'))) ?? '');
  return stated !== undefined && differencesOf(stated, config).length === 0;
}

export interface ResumeOptions {
  /** Hears of every checkpoint that is passed over. */
  readonly onDamaged: OnDamaged;
  /** A run that was not, once, stays marked. */
  readonly isStrict?: boolean;
}

/**
 * Goes on with a run in its folder, with its own configuration or not at all.
 * @param layers what was asked for this time; may say where the data lies now, and nothing else that is new
 */
export async function resumeRun(
  place: RunPlace,
  layers: readonly ConfigLayer[],
  { onDamaged, isStrict: isWanted = true }: ResumeOptions,
): Promise<OpenRun> {
  const { root } = place;
  const { folder, durable } = await reopenRunFolder(root, async () => {
    const { file, checkpoint } = await chooseCheckpoint(place, onDamaged);
    await refuseOtherRun(root, checkpoint.config);
    const identity = await readRunIdentity(root);
    return { config: unchanged(checkpoint.config, layers), initial: checkpoint.state, resumedFrom: file, identity };
  });
  // A lost or torn number only means that old messages cannot be told from new ones, and there are none left.
  const before = (await readNumber(root)) ?? { run: randomBytes(8).toString('hex'), incarnation: 0, strict: true };
  const isStrict = before.strict && isWanted;
  const number = { run: before.run, incarnation: before.incarnation + 1, strict: isStrict };
  return {
    ...durable,
    folder,
    ...number,
    isStrict,
    takeUp() {
      forgetBehind(folder, durable.initial.step);
      writeNumber(root, { ...number, ended: false });
    },
    end: () => writeNumber(root, { ...number, ended: true }),
  };
}

/** The configuration that the run in a folder would go on with. */
export async function resumedConfig(place: RunPlace, layers: readonly ConfigLayer[]): Promise<RunConfig> {
  return unchanged((await chooseCheckpoint(place, () => undefined)).checkpoint.config, layers);
}

type OnDamaged = (file: string, error: Error) => void;

async function chooseCheckpoint(
  { root, checkpoint: file }: RunPlace,
  onDamaged: OnDamaged,
): Promise<{ file: string; checkpoint: Checkpoint }> {
  if (file !== undefined) return { file, checkpoint: await readCheckpoint(file) };
  return readLatestCheckpoint(path.join(root, 'checkpoints'), onDamaged);
}

const namedDifferences = 3;

/** Refuses a checkpoint that was put into the folder of a run with another configuration; where its data lay does not matter. */
async function refuseOtherRun(root: string, config: RunConfig): Promise<void> {
  const stated = parseConfig(await readFile(path.join(root, 'config.json'), 'utf8'));
  const differences = stated === undefined ? [] : differencesOf({ ...stated, data: config.data }, config);
  if (differences.length === 0) return;
  const rest = differences.length > namedDifferences ? ` and ${differences.length - namedDifferences} more` : '';
  throw new UserError({
    code: 'checkpoint-of-another-run',
    message: `The checkpoint to go on from is of another run than ${root} holds: ${differences.slice(0, namedDifferences).join('; ')}${rest}.`,
    advice: `Move it out of ${path.join(root, 'checkpoints')}, or name an earlier one with --resume.`,
  });
}

/** Undefined for a file that is damaged: the checkpoint has the configuration too. */
function parseConfig(text: string): RunConfig | undefined {
  try {
    return checkRunConfig(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A run's configuration, with its data where they lie now; refuses layers that would change more. */
function unchanged(config: RunConfig, layers: readonly ConfigLayer[]): RunConfig {
  const wanted = layers.reduce<unknown>((below, { values }) => mergeValues(below, values), config) as RunConfig;
  // The data may lie elsewhere: its digest tells whether it is the same.
  const changed = differencesOf({ ...config, data: wanted.data }, wanted);
  if (changed.length === 0) return { ...config, data: String(wanted.data) };
  throw new UserError({
    code: 'config-changed',
    message: `The run was started otherwise: ${changed.join('; ')}.`,
    advice: 'Leave these options out to go on with it, or start a new run with --out.',
  });
}

const numberFile = (root: string): string => path.join(root, 'run.json');

/** Which run, and how it stands. */
interface RunNumber {
  readonly run: string;
  readonly incarnation: number;
  readonly strict: boolean;
  /** Missing in runs of earlier versions. */
  readonly ended?: boolean;
}

/** Replaces the file as a whole: a coordinator may be killed at any instant. */
function writeNumber(root: string, number: RunNumber): void {
  const file = numberFile(root);
  try {
    writeFileSync(`${file}.partial`, `${JSON.stringify(number)}\n`, { flush: true });
    renameSync(`${file}.partial`, file);
  } catch (error) {
    throw explainWriteError(file, error);
  }
}

async function readNumber(root: string): Promise<RunNumber | undefined> {
  const text = await readIfPresent(numberFile(root));
  try {
    const { run, incarnation, strict, ended } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (typeof run !== 'string' || !Number.isSafeInteger(incarnation)) return undefined;
    return {
      run,
      incarnation: incarnation as number,
      strict: strict !== false,
      ...(typeof ended === 'boolean' ? { ended } : {}),
    };
  } catch {
    return undefined;
  }
}
