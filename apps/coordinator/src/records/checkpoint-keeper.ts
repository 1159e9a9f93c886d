import {
  isAboutLoss,
  isBetter,
  isJudgedBy,
  readBest,
  writeBest,
  writeCheckpoint,
  type BestCheckpoint,
  type MetricsWriter,
  type RunConfig,
  type RunFolder,
  type StopRule,
  type TrainingState,
} from '@lstm-gan/run';
import type { Evaluations } from '../evaluate/evaluations.ts';

interface CheckpointOptions {
  readonly config: RunConfig;
  readonly folder: Pick<RunFolder, 'checkpoints' | 'confirm'>;
  /** How many of the newest checkpoints stay. */
  readonly keepCheckpoints: number;
  /** Decides which checkpoint is the best, if the run has a stop rule. */
  readonly stopRule: StopRule | undefined;
  /** Says which checkpoints are kept because their samples are evaluated, or were the best. */
  readonly evaluations?: Pick<Evaluations, 'keptSteps'>;
}

export interface CheckpointKeeper {
  /**
   * Writes a checkpoint and removes old checkpoints. Returns the path of the new checkpoint.
   * @param value the stop rule's value at the step of `state`
   */
  write(state: TrainingState, value: number | undefined): Promise<string>;
  /** Returns the best checkpoint up to a step. */
  best(step: number): Promise<BestCheckpoint | undefined>;
}

/**
 * Writes the checkpoints of a run, and remembers which one is the best. Before a checkpoint, flushes the metrics of its
 * steps.
 */
export function createCheckpointKeeper(
  { config, folder, keepCheckpoints, stopRule, evaluations }: CheckpointOptions,
  metricsFile: MetricsWriter,
): CheckpointKeeper {
  const { checkpoints, confirm } = folder;
  let known: { best: BestCheckpoint | undefined } | undefined;
  const bestUpTo = async (step: number) => (known ??= { best: await readBest(checkpoints, step) }).best;
  return {
    best: bestUpTo,
    async write(state, value) {
      await metricsFile.flush();
      const before = await bestUpTo(state.step);
      const better = stopRule === undefined ? undefined : betterThan(before, state.step, value, stopRule);
      const best = better ?? before;
      const steps = [...(best === undefined ? [] : [best.step]), ...(evaluations?.keptSteps() ?? [])];
      const keep = { newest: keepCheckpoints, steps };
      const file = await writeCheckpoint(checkpoints, config, state, keep, confirm);
      if (better !== undefined) await writeBest(checkpoints, better, confirm);
      known = { best };
      return file;
    },
  };
}

/** Returns the checkpoint of a step if it is better than the best so far, otherwise undefined. */
function betterThan(
  best: BestCheckpoint | undefined,
  step: number,
  value: number | undefined,
  { condition }: StopRule,
): BestCheckpoint | undefined {
  const { metric, comparison, windowSteps } = condition;
  if (value === undefined || !isAboutLoss(condition)) return undefined;
  if (best !== undefined && isJudgedBy(best, condition) && !isBetter(condition, value, best.value)) return undefined;
  return { step, metric, comparison, windowSteps, value };
}
