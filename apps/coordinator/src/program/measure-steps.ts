/**
 * Measures steps of training on made-up images, with the same coordinator and worker processes as in a real training.
 * Removes its files, unless all workers have ended.
 */
import { mkdtemp, rename } from 'node:fs/promises';
import path from 'node:path';
import type { NativeArithmetic } from '@lstm-gan/engine';
import { createDataset, createShardReader, labelsInTurn } from '@lstm-gan/data';
import { createLog, createTrainingState, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import { startCoordinator } from '../start-coordinator.ts';
import { dismissWorkers, workersGone, type GatherWorkers } from '../workers/run-workers.ts';
import { createScratchFolder } from '../workers/scratch-folder.ts';
import { workerMessageLimits } from '../workers/worker-message-limits.ts';

interface MeasureOptions {
  readonly config: RunConfig;
  /** Number of steps that are measured. They come after a few steps that are not measured. */
  readonly steps: number;
  readonly gatherWorkers: GatherWorkers;
  readonly arithmetic: NativeArithmetic;
  readonly now: () => number;
  readonly onStep: (done: number, total: number) => void;
}

export interface Measurement {
  readonly tensorflow: string;
  readonly steps: readonly StepMetrics[];
}

/** In the first steps graphs are loaded, memory is mapped, and processors reach their clock rate. */
const warmUpSteps = 5;

export async function measureSteps(options: MeasureOptions): Promise<Measurement> {
  const { config, steps, gatherWorkers, arithmetic, now, onStep } = options;
  const folder = createScratchFolder();
  const root = folder.path;
  const log = createLog(path.join(root, 'log.jsonl'));
  const workers = await gatherWorkers({
    shardCount: config.batchSize / config.shardSize,
    root,
    log,
    arithmetic,
    limits: workerMessageLimits(config),
  });
  const total = warmUpSteps + steps;
  const measured: StepMetrics[] = [];
  let tensorflow = '';
  try {
    await startCoordinator({
      config,
      log,
      now,
      arithmetic,
      run: 'bench',
      incarnation: 1,
      steps: total,
      link: workers.link,
      signal: workers.gone,
      initial: createTrainingState(config),
      readShards: readMadeUpImages(config),
      onIdentify: (computes) => void (tensorflow = computes.tensorflow),
      onCommit(metrics) {
        if (metrics.step === total) workers.expectEnd();
        if (metrics.step > warmUpSteps) measured.push(metrics);
        onStep(metrics.step, total);
        return false;
      },
    });
  } finally {
    await dismissWorkers(workers);
    log.flush();
  }
  if (measured.length < steps) {
    // The folder stays, because its logs say why the workers ended.
    const kept = await mkdtemp(path.join(path.dirname(root), 'lstm-gan-bench-'));
    await rename(root, kept);
    folder.keep();
    throw workersGone(kept, workers);
  }
  folder.remove();
  return { tensorflow, steps: measured };
}

function readMadeUpImages({ model, batchSize, shardSize, seed, flip }: RunConfig) {
  const { size, channels } = model.image;
  const count = 2 * batchSize;
  const pixels = Uint8Array.from(
    { length: count * size * size * channels },
    (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24,
  );
  const labels = model.condition && labelsInTurn(count, model.condition.classes);
  return createShardReader(createDataset({ name: 'made-up', count, size, channels, digest: '', labels }, pixels), {
    batchSize,
    shardSize,
    seed,
    flip,
  });
}
