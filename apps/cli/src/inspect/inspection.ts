/** Collects what is known about a run or a checkpoint, as plain data: `inspect` prints it, as text or as JSON. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  countParameters,
  createLayouts,
  type Layout,
  type LayoutEntry,
  type ModelConfig,
  type Network,
} from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { entriesByLayer } from '@lstm-gan/core/weights';
import {
  checkpointsOf,
  checkRunConfig,
  imagesPerStep,
  median,
  newestCheckpoint,
  readCheckpoint,
  readIfPresent,
  runOfFolder,
  streamMetrics,
  withoutWorkers,
  type RecordedStep,
  type RunConfig,
} from '@lstm-gan/run';
import { readWorkerEvents } from './worker-events.ts';
import { createWorkerRecords, type WorkerInspection } from './worker-records.ts';

interface LayerInspection {
  readonly name: string;
  readonly parameters: number;
  readonly tensors: readonly Pick<LayoutEntry, 'name' | 'shape' | 'role'>[];
}

export interface NetworkInspection {
  /** The number of trainable parameters; moving averages are not counted. */
  readonly parameters: number;
  readonly layers: readonly LayerInspection[];
}

interface Progress {
  /** The number of committed steps. */
  readonly step: number;
  readonly images: number;
  /** The step of the newest checkpoint; a crash does not lose it. */
  readonly durableStep: number;
  /** The total time of all recorded steps. */
  readonly trainingMs: number;
  readonly losses: RecordedStep['losses'] | null;
}

/** Medians over the recorded steps. The first steps (`warmUpSteps`) are left out if the run has more steps. */
type Throughput = Pick<RecordedStep, 'imagesPerSecond' | 'stepMs' | 'computeMs' | 'exchangeMs' | 'updateMs'>;

export interface Inspection {
  readonly kind: 'run' | 'checkpoint';
  readonly path: string;
  readonly config: RunConfig;
  readonly networks: Readonly<Record<Network, NetworkInspection>>;
  readonly progress: Progress;
  /** Null for a checkpoint, and for a run without a recorded step. */
  readonly throughput: Throughput | null;
  /** Empty for a checkpoint. */
  readonly workers: readonly WorkerInspection[];
  /** The hash of a checkpoint's verified weights; null for a run. */
  readonly weightsSha256: string | null;
}

/** Inspects the run or the checkpoint at a path. `steps` are the run's metrics, for a plot; empty for a checkpoint. */
export async function inspectPath(place: string): Promise<{ inspection: Inspection; steps: readonly RecordedStep[] }> {
  const isFolder = await stat(place).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isFolder ? inspectRun(runOfFolder(place)) : { inspection: await inspectCheckpoint(place), steps: [] };
}

async function inspectRun(root: string): Promise<{ inspection: Inspection; steps: readonly RecordedStep[] }> {
  const config = await readConfig(path.join(root, 'config.json'), root);
  const steps: RecordedStep[] = [];
  const records = createWorkerRecords();
  for await (const recorded of streamMetrics(path.join(root, 'metrics.jsonl'))) {
    steps.push(withoutWorkers(recorded));
    records.observeStep(recorded);
  }
  for await (const event of readWorkerEvents(path.join(root, 'log.jsonl'))) records.observeEvent(event);
  const durableStep = (await newestCheckpoint(checkpointsOf(root)))?.step ?? 0;
  const step = Math.max(durableStep, steps.at(-1)?.step ?? 0);
  const trainingMs = steps.reduce((sum, { stepMs }) => sum + stepMs, 0);
  const progress = {
    step,
    images: step * imagesPerStep(config),
    durableStep,
    trainingMs,
    losses: steps.at(-1)?.losses ?? null,
  };
  const inspection: Inspection = {
    kind: 'run',
    path: path.resolve(root),
    config,
    networks: inspectModel(config.model),
    progress,
    throughput: throughputOf(steps),
    workers: records.workers(),
    weightsSha256: null,
  };
  return { inspection, steps };
}

async function inspectCheckpoint(file: string): Promise<Inspection> {
  const { config, state, weightsSha256 } = await readCheckpoint(file);
  const { step } = state;
  const progress = { step, images: step * imagesPerStep(config), durableStep: step, trainingMs: 0, losses: null };
  return {
    kind: 'checkpoint',
    path: path.resolve(file),
    config,
    networks: inspectModel(config.model),
    progress,
    throughput: null,
    workers: [],
    weightsSha256,
  };
}

async function readConfig(file: string, root: string): Promise<RunConfig> {
  const text = await readIfPresent(file);
  if (text === undefined) {
    throw new UserError({
      code: 'no-run',
      message: `${root} holds no run.`,
      advice: 'Give the folder of a run, or a checkpoint file.',
    });
  }
  try {
    return checkRunConfig(JSON.parse(text));
  } catch (cause) {
    throw new UserError({
      code: 'no-run',
      message: `${file} does not hold a run's configuration.`,
      advice: 'Give a checkpoint file of the run instead: it has its configuration too.',
      cause,
    });
  }
}

/** Returns the layers of both networks of a model. */
export function inspectModel(model: ModelConfig): Record<Network, NetworkInspection> {
  const { generator, discriminator } = createLayouts(model);
  return { generator: inspectNetwork(generator), discriminator: inspectNetwork(discriminator) };
}

function inspectNetwork(layout: Layout): NetworkInspection {
  const layers = [...entriesByLayer(layout)].map(([name, entries]) => ({
    name,
    parameters: countParameters({ entries }),
    tensors: entries.map(({ name, shape, role }) => ({ name, shape, role })),
  }));
  return { parameters: countParameters(layout), layers };
}

const warmUpSteps = 5;

function throughputOf(steps: readonly RecordedStep[]): Throughput | null {
  if (steps.length === 0) return null;
  const settled = steps.length > warmUpSteps ? steps.slice(warmUpSteps) : steps;
  const middle = (key: keyof Throughput): number => median(settled.map((step) => step[key]));
  return {
    imagesPerSecond: middle('imagesPerSecond'),
    stepMs: middle('stepMs'),
    computeMs: middle('computeMs'),
    exchangeMs: middle('exchangeMs'),
    updateMs: middle('updateMs'),
  };
}
