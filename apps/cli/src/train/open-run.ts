/** What is trained and where: a new run in a new folder, or one to go on with from its newest checkpoint. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import {
  checkRunConfig, createRunFolder, createTrainingState, differencesOf, explainWriteError, forgetBehind, mergeValues, readCheckpoint, readLatestCheckpoint, readRunIdentity, reopenRunFolder,
  type Checkpoint, type ConfigLayer, type RunConfig, type RunFolder, type RunIdentity, type TrainingState,
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
  /** Makes the folder ready for the next step. Before, when the run may still be refused, all that it has made stays. */
  takeUp(): void;
}

/** Begins a run; refuses a folder that holds one. */
export async function beginRun(root: string, config: RunConfig): Promise<OpenRun> {
  const folder = await createRunFolder(root, config);
  const run = randomBytes(8).toString('hex');
  return {
    config, folder, run, incarnation: 1, initial: createTrainingState(config), identity: undefined, resumedFrom: undefined,
    takeUp: () => writeNumber(root, run, 1),
  };
}

/**
 * Goes on with a run in its folder, with its own configuration or not at all.
 * @param layers what was asked for this time; may say where the data lies now, and nothing else that is new
 * @param onDamaged hears of every checkpoint that is passed over
 */
export async function resumeRun(place: RunPlace, layers: readonly ConfigLayer[], onDamaged: OnDamaged): Promise<OpenRun> {
  const { root } = place;
  const { folder, durable } = await reopenRunFolder(root, async () => {
    const { file, checkpoint } = await chooseCheckpoint(place, onDamaged);
    await refuseOtherRun(root, checkpoint.config);
    const identity = await readRunIdentity(root);
    return { config: unchanged(checkpoint.config, layers), initial: checkpoint.state, resumedFrom: file, identity };
  });
  const { run, incarnation: before } = await readNumber(root);
  const incarnation = before + 1;
  return {
    ...durable, folder, run, incarnation,
    takeUp() {
      forgetBehind(folder, durable.initial.step);
      writeNumber(root, run, incarnation);
    },
  };
}

/** The configuration that the run in a folder would go on with. */
export async function resumedConfig(place: RunPlace, layers: readonly ConfigLayer[]): Promise<RunConfig> {
  return unchanged((await chooseCheckpoint(place, () => undefined)).checkpoint.config, layers);
}

type OnDamaged = (file: string, error: Error) => void;

async function chooseCheckpoint({ root, checkpoint: file }: RunPlace, onDamaged: OnDamaged): Promise<{ file: string; checkpoint: Checkpoint }> {
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

function writeNumber(root: string, run: string, incarnation: number): void {
  try {
    writeFileSync(numberFile(root), `${JSON.stringify({ run, incarnation })}\n`);
  } catch (error) {
    throw explainWriteError(numberFile(root), error);
  }
}

async function readNumber(root: string): Promise<{ run: string; incarnation: number }> {
  try {
    const { run, incarnation } = JSON.parse(await readFile(numberFile(root), 'utf8')) as Record<string, unknown>;
    if (typeof run === 'string' && Number.isSafeInteger(incarnation)) return { run, incarnation: incarnation as number };
  } catch {
    // A lost or torn number only means that old messages cannot be told from new ones, and there are none left.
  }
  return { run: randomBytes(8).toString('hex'), incarnation: 0 };
}
