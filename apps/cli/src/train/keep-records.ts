/**
 * What a run leaves behind while it trains: metrics, sample grids, checkpoints. Everything slow happens beside the loop,
 * one thing at a time.
 */
import path from 'node:path';
import { createBackground } from '@lstm-gan/coordinator';
import {
  isBetter, isJudgedBy, openMetrics, readBest, renderGrid, writeAtomically, writeBest, writeCheckpoint, writeRunIdentity,
  type BestCheckpoint, type RunConfig, type RunFolder, type RunIdentity, type StepMetrics, type StopRule, type TrainingState,
} from '@lstm-gan/run';
import type { Sampler } from './sampler.ts';

export interface RecordOptions {
  readonly config: RunConfig;
  readonly folder: RunFolder;
  readonly sampler: Sampler;
  readonly sampleEverySteps: number;
  readonly checkpointEveryMs: number;
  /** How many of the newest checkpoints stay. */
  readonly keepCheckpoints: number;
  /** Decides which checkpoint is the best, where the run is to stop by one; it has taken in a step before it is committed here. */
  readonly stopRule: StopRule | undefined;
  readonly now: () => number;
}

export interface Records {
  /** Keeps what the run computes with. */
  began(identity: RunIdentity): void;
  /** Returns whether it holds on to the state. */
  committed(metrics: StepMetrics, state: TrainingState): boolean;
  /** Writes the last checkpoint and grid; returns where they are, and which checkpoint is the best. */
  finish(state: TrainingState): Promise<{ checkpoint: string; grid: string; best: BestCheckpoint | undefined }>;
}

export function keepRecords({ config, folder, sampler, sampleEverySteps, checkpointEveryMs, keepCheckpoints, stopRule, now }: RecordOptions): Records {
  const background = createBackground();
  const metricsFile = openMetrics(folder.metrics);
  const checkpoints = keepCheckpointsOf({ config, folder, keepCheckpoints, stopRule });
  let checkpointMs = now();
  let gridStep = -1;

  const gridFile = (step: number) => path.join(folder.samples, `step-${String(step).padStart(8, '0')}.png`);
  const writeGrid = async ({ step, ema }: TrainingState): Promise<void> => {
    const images = await sampler.sample(ema);
    await writeAtomically(gridFile(step), [await renderGrid(images, config.model.image)]);
  };

  return {
    began(identity) {
      background.run(() => writeRunIdentity(folder.root, identity));
    },
    committed(metrics, state) {
      metricsFile.write(metrics);
      const gridIsDue = state.step % sampleEverySteps === 0;
      if (gridIsDue) {
        gridStep = state.step;
        background.run(() => writeGrid(state));
      }
      const checkpointIsDue = now() - checkpointMs >= checkpointEveryMs && !background.isBusy();
      if (checkpointIsDue) {
        checkpointMs = now();
        const value = stopRule?.value;
        background.run(async () => void (await checkpoints.write(state, value)));
      }
      return gridIsDue || checkpointIsDue;
    },
    async finish(state) {
      await background.drained();
      if (gridStep !== state.step) await writeGrid(state);
      const checkpoint = await checkpoints.write(state, stopRule?.value);
      await metricsFile.close();
      return { checkpoint, grid: gridFile(state.step), best: checkpoints.best };
    },
  };
}

/** Writes checkpoints one after the other, and remembers which is the best. */
function keepCheckpointsOf({ config, folder, keepCheckpoints, stopRule }: Pick<RecordOptions, 'config' | 'folder' | 'keepCheckpoints' | 'stopRule'>) {
  let best: BestCheckpoint | undefined;
  let isFirst = true;
  return {
    get best() {
      return best;
    },
    async write(state: TrainingState, value: number | undefined): Promise<string> {
      const { checkpoints } = folder;
      if (isFirst) best = await readBest(checkpoints, state.step);
      isFirst = false;
      const chosen = stopRule === undefined ? undefined : better(best, state.step, value, stopRule);
      const file = await writeCheckpoint(checkpoints, config, state, { newest: keepCheckpoints, best: (chosen ?? best)?.step });
      if (chosen !== undefined) await writeBest(checkpoints, (best = chosen));
      return file;
    },
  };
}

/** A new checkpoint, if it is better than the best so far. */
function better(best: BestCheckpoint | undefined, step: number, value: number | undefined, { condition }: StopRule): BestCheckpoint | undefined {
  const { metric, comparison, windowSteps } = condition;
  if (value === undefined) return undefined;
  if (best !== undefined && isJudgedBy(best, condition) && !isBetter(condition, value, best.value)) return undefined;
  return { step, metric, comparison, windowSteps, value };
}
