/**
 * Writes the records of a run while it trains: metrics, sample grids, checkpoints. Slow writes run in the background,
 * one at a time, so that they do not hold up training.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  removeStepsAfter,
  openMetrics,
  renderGrid,
  writeAtomically,
  writeRunIdentity,
  type BestCheckpoint,
  type RunConfig,
  type RunFolder,
  type RunIdentity,
  type StepMetrics,
  type StopRule,
  type TrainingState,
} from '@lstm-gan/run';
import { createBackground } from '../background.ts';
import type { Evaluations } from '../evaluate/evaluations.ts';
import { createCheckpointKeeper } from './checkpoint-keeper.ts';
import type { Sampler } from './open-sampler.ts';
import { realImages, type Readable } from './real-images.ts';

export interface RecordOptions {
  readonly config: RunConfig;
  readonly folder: Pick<RunFolder, 'root' | 'metrics' | 'health' | 'samples' | 'checkpoints' | 'confirm'>;
  /** The state that the run starts or resumes from. */
  readonly initial: TrainingState;
  /** The checkpoint that the run resumes from. */
  readonly resumedFrom: string | undefined;
  readonly sampler: Sampler;
  /** Images in a row of a sample grid. Default: about as many as rows. */
  readonly gridColumns?: number;
  readonly sampleEverySteps: number;
  /** Gets the images of each sample grid, [N, H, W, C] in [-1, 1]. */
  readonly onGrid?: (step: number, images: Float32Array) => void;
  readonly checkpointEveryMs: number;
  /** How many of the newest checkpoints stay. */
  readonly keepCheckpoints: number;
  /**
   * Decides which checkpoint is the best, if the run has a stop rule. The rule must observe a step before `committed`
   * is called for it.
   */
  readonly stopRule: StopRule | undefined;
  /** Evaluates checkpoints while the run trains. */
  readonly evaluations?: Pick<Evaluations, 'isDue' | 'begin' | 'keptSteps'>;
  readonly now: () => number;
}

export interface Records {
  /** Aborted when a write in the background fails: training should stop, and `finish` throws the reason. */
  readonly failed: AbortSignal;
  /** Writes what the run computes with: config, data and numerics. */
  began(identity: RunIdentity): void;
  /** Draws a grid of at most `count` real images, to compare with: for a new run, or if it is missing. */
  drawReals(dataset: Readable, count: number): void;
  /** Records a committed step. Returns whether the state after this step is needed, for a grid or a checkpoint. */
  committed(metrics: StepMetrics): boolean;
  /** Takes a state that `committed` asked for. Later steps may have been committed in the meantime. */
  arrived(state: TrainingState): void;
  /** Forgets the steps after this one: they will be computed again. */
  rewound(step: number): void;
  /** Writes the last checkpoint and grid. Returns their files, and which checkpoint is the best. */
  finish(state: TrainingState): Promise<{ checkpoint: string; grid: string; best: BestCheckpoint | undefined }>;
}

/** What a state is needed for. */
interface Wanted {
  readonly grid: boolean;
  readonly checkpoint: boolean;
  /** Whether the checkpoint is then evaluated. */
  readonly evaluation: boolean;
  /** The stop rule's value at the step of the state. */
  readonly value: number | undefined;
}

export function keepRecords(options: RecordOptions): Records {
  const {
    config,
    folder,
    sampler,
    gridColumns,
    sampleEverySteps,
    onGrid,
    checkpointEveryMs,
    initial,
    resumedFrom,
    stopRule,
    evaluations,
    now,
  } = options;
  const background = createBackground();
  const metricsFile = openMetrics(folder.metrics, folder.confirm);
  const checkpoints = createCheckpointKeeper(options, metricsFile);
  let lastCheckpointMs = now();
  let lastGridStep = -1;
  const wanted = new Map<number, Wanted>();

  const gridFile = (step: number) => path.join(folder.samples, `step-${String(step).padStart(8, '0')}.png`);
  const writeGrid = async ({ step, ema }: TrainingState): Promise<void> => {
    const images = await sampler.sample(ema);
    const grid = await renderGrid(images, config.model.image, { columns: gridColumns });
    await writeAtomically(gridFile(step), [grid], folder.confirm);
    onGrid?.(step, images);
  };

  return {
    failed: background.failed,
    began(identity) {
      background.run(() => writeRunIdentity(folder.root, identity, folder.confirm));
    },
    drawReals(dataset, count) {
      const file = path.join(folder.samples, 'reals.png');
      if (resumedFrom !== undefined && existsSync(file)) return;
      background.run(async () =>
        writeAtomically(file, [await renderGrid(realImages(dataset, count), config.model.image)], folder.confirm),
      );
    },
    committed(metrics) {
      metricsFile.write(metrics);
      const { step } = metrics;
      const grid = step % sampleEverySteps === 0;
      const evaluation = evaluations?.isDue(step) ?? false;
      const checkpoint = evaluation || (now() - lastCheckpointMs >= checkpointEveryMs && !background.isBusy());
      if (checkpoint) lastCheckpointMs = now();
      if (grid || checkpoint) wanted.set(step, { grid, checkpoint, evaluation, value: stopRule?.value });
      return grid || checkpoint;
    },
    arrived(state) {
      const { grid, checkpoint, evaluation, value } = wanted.get(state.step) ?? {};
      wanted.delete(state.step);
      if (grid === true) {
        lastGridStep = state.step;
        background.run(() => writeGrid(state));
      }
      if (checkpoint !== true) return;
      background.run(async () => {
        const file = await checkpoints.write(state, value);
        if (evaluation === true) evaluations?.begin(state.step, file);
      });
    },
    rewound(step) {
      wanted.clear();
      removeStepsAfter(folder, step);
    },
    async finish(state) {
      await background.drained();
      if (lastGridStep !== state.step) await writeGrid(state);
      // If no step was computed, perhaps no worker has confirmed yet that this machine gives the run's bits. So the
      // run's checkpoints stay unchanged.
      const computedNothing = state.step === initial.step && resumedFrom !== undefined;
      const checkpoint = computedNothing ? resumedFrom : await checkpoints.write(state, stopRule?.value);
      metricsFile.close();
      return { checkpoint, grid: gridFile(state.step), best: await checkpoints.best(state.step) };
    },
  };
}
