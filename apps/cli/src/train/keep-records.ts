/**
 * What a run leaves behind while it trains: metrics, sample grids, checkpoints. Everything slow happens beside the loop,
 * one thing at a time.
 */
import path from 'node:path';
import { createBackground } from '@lstm-gan/coordinator';
import {
  forgetBehind,
  isBetter,
  isJudgedBy,
  openMetrics,
  readBest,
  renderGrid,
  writeAtomically,
  writeBest,
  writeCheckpoint,
  writeRunIdentity,
  type BestCheckpoint,
  type MetricsWriter,
  type RunConfig,
  type RunFolder,
  type RunIdentity,
  type StepMetrics,
  type StopRule,
  type TrainingState,
} from '@lstm-gan/run';
import type { Sampler } from './sampler.ts';

export interface RecordOptions {
  readonly config: RunConfig;
  readonly folder: Pick<RunFolder, 'root' | 'metrics' | 'samples' | 'checkpoints'>;
  /** Where the run stood, and the checkpoint that says so, if it goes on. */
  readonly initial: TrainingState;
  readonly resumedFrom: string | undefined;
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
  /** Aborted when something cannot be written beside the loop: time to stop; `finish` throws the reason. */
  readonly failed: AbortSignal;
  /** Keeps what the run computes with. */
  began(identity: RunIdentity): void;
  /** Returns whether it wants the state behind the step. */
  committed(metrics: StepMetrics): boolean;
  /** Takes a state that it wanted; until then others may be committed. */
  arrived(state: TrainingState): void;
  /** Forgets the steps behind this one: they come again. */
  rewound(step: number): void;
  /** Writes the last checkpoint and grid; returns where they are, and which checkpoint is the best. */
  finish(state: TrainingState): Promise<{ checkpoint: string; grid: string; best: BestCheckpoint | undefined }>;
}

export function keepRecords(options: RecordOptions): Records {
  const { config, folder, sampler, sampleEverySteps, checkpointEveryMs, initial, resumedFrom, stopRule, now } = options;
  const background = createBackground();
  const metricsFile = openMetrics(folder.metrics);
  const checkpoints = keepCheckpointsOf(options, metricsFile);
  let checkpointMs = now();
  let gridStep = -1;
  const wanted = new Map<
    number,
    { readonly grid: boolean; readonly checkpoint: boolean; readonly value: number | undefined }
  >();

  const gridFile = (step: number) => path.join(folder.samples, `step-${String(step).padStart(8, '0')}.png`);
  const writeGrid = async ({ step, ema }: TrainingState): Promise<void> => {
    const images = await sampler.sample(ema);
    await writeAtomically(gridFile(step), [await renderGrid(images, config.model.image)]);
  };

  return {
    failed: background.failed,
    began(identity) {
      background.run(() => writeRunIdentity(folder.root, identity));
    },
    committed(metrics) {
      metricsFile.write(metrics);
      const { step } = metrics;
      const grid = step % sampleEverySteps === 0;
      const checkpoint = now() - checkpointMs >= checkpointEveryMs && !background.isBusy();
      if (checkpoint) checkpointMs = now();
      if (grid || checkpoint) wanted.set(step, { grid, checkpoint, value: stopRule?.value });
      return grid || checkpoint;
    },
    arrived(state) {
      const { grid, checkpoint, value } = wanted.get(state.step) ?? {};
      wanted.delete(state.step);
      if (grid === true) {
        gridStep = state.step;
        background.run(() => writeGrid(state));
      }
      if (checkpoint === true) background.run(async () => void (await checkpoints.write(state, value)));
    },
    rewound(step) {
      wanted.clear();
      forgetBehind(folder, step);
    },
    async finish(state) {
      await background.drained();
      if (gridStep !== state.step) await writeGrid(state);
      // Without a step, nobody may have checked yet that the run can go on here: its checkpoints stay.
      const checkpoint =
        state.step === initial.step && resumedFrom !== undefined
          ? resumedFrom
          : await checkpoints.write(state, stopRule?.value);
      metricsFile.close();
      return { checkpoint, grid: gridFile(state.step), best: await checkpoints.best(state.step) };
    },
  };
}

/** Writes checkpoints one after the other, each behind the metrics of its steps, and remembers which is the best. */
function keepCheckpointsOf({ config, folder, keepCheckpoints, stopRule }: RecordOptions, metricsFile: MetricsWriter) {
  const { checkpoints } = folder;
  let known: { best: BestCheckpoint | undefined } | undefined;
  const bestUpTo = async (step: number) => (known ??= { best: await readBest(checkpoints, step) }).best;
  return {
    best: bestUpTo,
    async write(state: TrainingState, value: number | undefined): Promise<string> {
      await metricsFile.flush();
      const best = await bestUpTo(state.step);
      const chosen = stopRule === undefined ? undefined : better(best, state.step, value, stopRule);
      const file = await writeCheckpoint(checkpoints, config, state, {
        newest: keepCheckpoints,
        best: (chosen ?? best)?.step,
      });
      if (chosen !== undefined) await writeBest(checkpoints, chosen);
      known = { best: chosen ?? best };
      return file;
    },
  };
}

/** A new checkpoint, if it is better than the best so far. */
function better(
  best: BestCheckpoint | undefined,
  step: number,
  value: number | undefined,
  { condition }: StopRule,
): BestCheckpoint | undefined {
  const { metric, comparison, windowSteps } = condition;
  if (value === undefined) return undefined;
  if (best !== undefined && isJudgedBy(best, condition) && !isBetter(condition, value, best.value)) return undefined;
  return { step, metric, comparison, windowSteps, value };
}
