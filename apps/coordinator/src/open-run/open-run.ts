/** Opens a run: a new one in a new folder, or an existing one that resumes from a checkpoint. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import {
  checkpointsOf,
  checkRunConfig,
  createRunFolder,
  createTrainingState,
  differencesOf,
  removeStepsAfter,
  mergeValues,
  newestCheckpoint,
  readCheckpoint,
  readIfPresent,
  readLatestCheckpoint,
  readRunIdentity,
  reopenRunFolder,
  type Checkpoint,
  type ConfigLayer,
  type FolderOptions,
  type RunConfig,
  type RunFolder,
  type RunIdentity,
  type TrainingState,
} from '@lstm-gan/run';
import type { FoundRun } from './find-run.ts';
import { readRunStatus, writeRunStatus, type RunStatus } from './run-status.ts';

export interface OpenRun {
  readonly config: RunConfig;
  readonly folder: RunFolder;
  readonly initial: TrainingState;
  /** The run's unique id. A message with the id of another run is stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** The configuration, data and numerics that the run began with; undefined for a new run. */
  readonly identity: RunIdentity | undefined;
  /** The checkpoint that the run resumes from. */
  readonly resumedFrom: string | undefined;
  /** Whether the run was strict at every start, this start included. */
  readonly isStrict: boolean;
  /** The step up to which the run was asked to train before; undefined for a new run. */
  readonly askedStep: number | undefined;
  /** The path of the file that defines the run's custom networks; undefined if the run has none. */
  readonly modelFile: string | undefined;
  /**
   * Marks in the folder that training came to its end. The command that began the run, if given again, then does not
   * resume it as interrupted.
   * @param lastStep the step up to which the run was asked to train
   */
  end(lastStep: number): void;
  /**
   * Prepares the folder for the next step, and keeps in it up to which step the run is to train. Before this call the
   * folder stays unchanged, because the run may still be refused.
   */
  takeUp(lastStep: number): void;
}

export interface BeginOptions extends FolderOptions {
  /** Whether to refuse workers that compute other bits than the run. */
  readonly isStrict?: boolean;
  /** The path of the file that defines the run's custom networks. The run remembers it. */
  readonly modelFile?: string;
}

/** Begins a run. Refuses a folder that contains a run with a checkpoint. */
export async function beginRun(
  root: string,
  config: RunConfig,
  { isStrict = true, modelFile, ...options }: BeginOptions = {},
): Promise<OpenRun> {
  const folder = await createRunFolder(root, config, options);
  const status = { run: newRunId(), incarnation: 1, strict: isStrict, modelFile };
  return {
    config,
    folder,
    run: status.run,
    incarnation: status.incarnation,
    isStrict,
    initial: createTrainingState(config),
    identity: undefined,
    resumedFrom: undefined,
    askedStep: undefined,
    modelFile,
    takeUp: (lastStep) => writeRunStatus(folder, { ...status, ended: false, lastStep }),
    end: (lastStep) => writeRunStatus(folder, { ...status, ended: true, lastStep }),
  };
}

const newRunId = (): string => randomBytes(8).toString('hex');

/**
 * Whether a folder contains an interrupted run with this configuration and with a checkpoint. A run is interrupted if
 * its coordinator was killed or stopped by an error.
 */
export async function wasInterrupted(root: string, config: RunConfig): Promise<boolean> {
  const status = await readRunStatus(root);
  const newest = await newestCheckpoint(checkpointsOf(root));
  if (status?.ended !== false || newest === undefined) return false;
  const stated = parseConfig((await readIfPresent(path.join(root, 'config.json'))) ?? '');
  return stated !== undefined && differencesOf(stated, config).length === 0;
}

export interface ResumeOptions extends FolderOptions {
  /** Called for each damaged checkpoint that is passed over. */
  readonly onDamaged: OnDamaged;
  /**
   * Whether to refuse workers that compute other bits than the run. A run that once admitted such workers stays marked
   * as not strict.
   */
  readonly isStrict?: boolean;
  /** The path of the file that defines the run's custom networks. Default: the path that the run remembers. */
  readonly modelFile?: string;
}

/**
 * Resumes a run in its folder, with the run's own configuration. Throws a UserError if that is not possible.
 * @param layers the configuration asked for at this start; only the path of the data may differ from the run's
 * configuration
 */
export async function resumeRun(
  found: FoundRun,
  layers: readonly ConfigLayer[],
  { onDamaged, isStrict: isWanted = true, modelFile: named, ...options }: ResumeOptions,
): Promise<OpenRun> {
  const { root } = found;
  const { folder, durable } = await reopenRunFolder(
    root,
    async () => {
      const { file, checkpoint } = await chooseCheckpoint(found, onDamaged);
      await refuseOtherRun(root, checkpoint.config);
      const identity = await readRunIdentity(root);
      return { config: unchanged(checkpoint.config, layers), initial: checkpoint.state, resumedFrom: file, identity };
    },
    options,
  );
  // If `run.json` is missing or damaged, the run gets a new id. That is harmless: the id only distinguishes new
  // messages from old ones, and no old messages are left.
  const before: RunStatus = (await readRunStatus(root)) ?? { run: newRunId(), incarnation: 0, strict: true };
  const isStrict = before.strict && isWanted;
  const modelFile = named ?? before.modelFile;
  const status = { run: before.run, incarnation: before.incarnation + 1, strict: isStrict, modelFile };
  return {
    ...durable,
    folder,
    run: status.run,
    incarnation: status.incarnation,
    isStrict,
    askedStep: before.lastStep,
    modelFile,
    takeUp(lastStep) {
      removeStepsAfter(folder, durable.initial.step);
      writeRunStatus(folder, { ...status, ended: false, lastStep });
    },
    end: (lastStep) => writeRunStatus(folder, { ...status, ended: true, lastStep }),
  };
}

/** How a run would resume. */
export type ForeseenRun = Pick<OpenRun, 'config' | 'resumedFrom' | 'askedStep'> & { readonly step: number };

/** Returns how a run would resume, without opening its folder. */
export async function foreseeResume(found: FoundRun, layers: readonly ConfigLayer[]): Promise<ForeseenRun> {
  const { file, checkpoint } = await chooseCheckpoint(found, () => undefined);
  const askedStep = (await readRunStatus(found.root))?.lastStep;
  return {
    config: unchanged(checkpoint.config, layers),
    step: checkpoint.state.step,
    resumedFrom: file,
    askedStep,
  };
}

type OnDamaged = (file: string, error: Error) => void;

async function chooseCheckpoint(
  { root, checkpoint: file }: FoundRun,
  onDamaged: OnDamaged,
): Promise<{ file: string; checkpoint: Checkpoint }> {
  if (file !== undefined) return { file, checkpoint: await readCheckpoint(file) };
  return readLatestCheckpoint(checkpointsOf(root), onDamaged);
}

const namedDifferences = 3;

/**
 * Refuses a checkpoint that was put into the folder of a run with another configuration. The path of the data may
 * differ.
 */
async function refuseOtherRun(root: string, config: RunConfig): Promise<void> {
  const stated = parseConfig(await readFile(path.join(root, 'config.json'), 'utf8'));
  const differences = stated === undefined ? [] : differencesOf({ ...stated, data: config.data }, config);
  if (differences.length === 0) return;
  const rest = differences.length > namedDifferences ? ` and ${differences.length - namedDifferences} more` : '';
  throw new UserError({
    code: 'checkpoint-of-another-run',
    message: `The checkpoint to resume from belongs to another run than ${root}: ${differences.slice(0, namedDifferences).join('; ')}${rest}.`,
    advice: `Move it out of ${checkpointsOf(root)}, or name an earlier one with --resume.`,
  });
}

/**
 * Parses the text of `config.json`. Returns undefined if it is damaged: each checkpoint contains the configuration,
 * too.
 */
function parseConfig(text: string): RunConfig | undefined {
  try {
    return checkRunConfig(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Returns a run's configuration, with the path of the data from `layers`. Refuses layers that change any other field.
 */
function unchanged(config: RunConfig, layers: readonly ConfigLayer[]): RunConfig {
  const wanted = layers.reduce<unknown>((below, { values }) => mergeValues(below, values), config) as RunConfig;
  // Another path of the data is accepted here, because the digest of the data is compared later.
  const changed = differencesOf({ ...config, data: wanted.data }, wanted);
  if (changed.length === 0) return { ...config, data: String(wanted.data) };
  throw new UserError({
    code: 'config-changed',
    message: `The run was started with another configuration: ${changed.join('; ')}.`,
    advice: 'Leave these options out to continue it, or start a new run with --out.',
  });
}
