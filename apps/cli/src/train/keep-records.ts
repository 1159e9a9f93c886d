/**
 * What a run leaves behind while it trains: metrics, sample grids, checkpoints. Everything slow happens beside the loop,
 * one thing at a time.
 */
import path from 'node:path';
import { createBackground } from '@lstm-gan/coordinator';
import { openMetrics, renderGrid, writeAtomically, writeCheckpoint, writeRunIdentity, type RunConfig, type RunFolder, type RunIdentity, type StepMetrics, type TrainingState } from '@lstm-gan/run';
import type { Sampler } from './sampler.ts';

export interface RecordOptions {
  readonly config: RunConfig;
  readonly folder: RunFolder;
  readonly sampler: Sampler;
  readonly sampleEverySteps: number;
  readonly checkpointEveryMs: number;
  readonly now: () => number;
}

export interface Records {
  /** Keeps what the run computes with. */
  began(identity: RunIdentity): void;
  /** Returns whether it holds on to the state. */
  committed(metrics: StepMetrics, state: TrainingState): boolean;
  /** Writes the last checkpoint and grid; returns where they are. */
  finish(state: TrainingState): Promise<{ checkpoint: string; grid: string }>;
}

export function keepRecords({ config, folder, sampler, sampleEverySteps, checkpointEveryMs, now }: RecordOptions): Records {
  const background = createBackground();
  const metricsFile = openMetrics(folder.metrics);
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
        background.run(async () => void (await writeCheckpoint(folder.checkpoints, config, state)));
      }
      return gridIsDue || checkpointIsDue;
    },
    async finish(state) {
      await background.drained();
      if (gridStep !== state.step) await writeGrid(state);
      const checkpoint = await writeCheckpoint(folder.checkpoints, config, state);
      await metricsFile.close();
      return { checkpoint, grid: gridFile(state.step) };
    },
  };
}
