/** Times steps of training: the very coordinator and worker processes that train, on made-up images, with nothing kept. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCoordinator } from '@lstm-gan/coordinator';
import type { NativeArithmetic } from '@lstm-gan/engine';
import { createDataset, createShardReader } from '@lstm-gan/data';
import { createLog, createTrainingState, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import { messageLimits } from '../train/message-limits.ts';
import { localCrew, workersGone, type LocalCrewOptions } from '../train/crew.ts';

export interface MeasureOptions extends LocalCrewOptions {
  readonly config: RunConfig;
  /** Steps that count. */
  readonly steps: number;
  readonly arithmetic: NativeArithmetic;
  readonly now: () => number;
  readonly onStep: (done: number, total: number) => void;
}

export interface Measurement {
  readonly tensorflow: string;
  readonly steps: readonly StepMetrics[];
}

/** Graphs are loaded, memory is mapped, and processors reach their pace in the first steps. */
const warmUpSteps = 5;

export async function measureSteps({
  config,
  steps,
  arithmetic,
  now,
  onStep,
  ...crewOptions
}: MeasureOptions): Promise<Measurement> {
  const root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-bench-'));
  const log = createLog(path.join(root, 'log.jsonl'));
  const crew = await localCrew(crewOptions)({
    shardCount: config.batchSize / config.shardSize,
    threads: config.threads,
    folder: { root },
    log,
    arithmetic,
    limits: messageLimits(config),
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
      link: crew.link,
      signal: crew.gone,
      initial: createTrainingState(config),
      readShards: readMadeUpImages(config),
      onIdentify: (computes) => void (tensorflow = computes.tensorflow),
      onCommit(metrics) {
        if (metrics.step === total) crew.expectEnd();
        if (metrics.step > warmUpSteps) measured.push(metrics);
        onStep(metrics.step, total);
        return false;
      },
    });
  } finally {
    crew.expectEnd();
    await crew.link.close();
    await crew.dismissed();
    log.flush();
  }
  // Its logs are wanted when it failed.
  if (measured.length < steps) throw workersGone(root, crew.gone);
  await rm(root, { recursive: true, force: true });
  return { tensorflow, steps: measured };
}

function readMadeUpImages({ model, batchSize, shardSize, seed, flip }: RunConfig) {
  const { size, channels } = model.image;
  const count = 2 * batchSize;
  const pixels = Uint8Array.from(
    { length: count * size * size * channels },
    (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24,
  );
  return createShardReader(createDataset({ name: 'made-up', count, size, channels, digest: '' }, pixels), {
    batchSize,
    shardSize,
    seed,
    flip,
  });
}
