/**
 * The trainer of `@lstm-gan/core/trainer` computes the steps of a cluster. What is compared:
 *
 *   - with a coordinator and workers whose engine runs on the same backend of tfjs: every bit of weights, moments and
 *     averages, because both run the same units on the same kernels, and add and update with the same functions
 *   - between two backends (tfjs-node and cpu): only numbers that are close. Their kernels add products in another order
 *     and compute exp and tanh in another way, so that sums differ in the last bits
 */
import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { startCoordinator } from '@lstm-gan/coordinator';
import { createTrainer } from '@lstm-gan/core/trainer';
import { compileEagerly } from '@lstm-gan/core/step';
import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { createShardReader, labelsInTurn, type Dataset } from '@lstm-gan/data';
import { defaultCacheDir, openEngine, type Engine } from '@lstm-gan/engine';
import {
  checkRunConfig,
  createTrainingState,
  writeCheckpoint,
  type RunConfig,
  type TrainingState,
} from '@lstm-gan/run';
import { createMemoryLink } from '@lstm-gan/transport';
import { startWorker } from '@lstm-gan/worker';
import { mkdtemp, readFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { trainOnCluster } from '../support/cluster.ts';
import { lstmGan } from '../support/command-line.ts';
import { pairedConfig, richConfig, smallConfig, smallDataset } from '../support/small-run.ts';

const steps = 3;
/**
 * A checked configuration, as every run has it: its fields are in the order of the schema. Three shards are few enough
 * for kernels in JavaScript, and enough to be added in a tree.
 */
const eager = (config: RunConfig): RunConfig =>
  checkRunConfig({ ...config, engine: 'eager', batchSize: 3 * config.shardSize });

/** The eager engine on tfjs's current backend. */
const currentBackend: Engine = {
  name: 'eager',
  arithmetic: plainArithmetic,
  compile: async (unit) => compileEagerly(unit, plainArithmetic),
  describe: () => ({ engine: 'eager', tensorflow: '2', device: { kind: 'cpu', name: 'CPU' }, threads: 1 }),
  liveTensorCount: () => memory().numTensors,
  close: async () => undefined,
};

/** Trains with a coordinator and workers of this process, which compute on tfjs's current backend. */
async function trainInProcess(config: RunConfig, workers: number, dataset: Dataset): Promise<TrainingState> {
  const link = createMemoryLink();
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet } as never;
  const common = { log, now: () => performance.now(), signal: new AbortController().signal };
  const working = Array.from({ length: workers }, (_, k) =>
    startWorker({
      ...common,
      link: link.connect(),
      name: `worker-${k}`,
      openEngine: async () => currentBackend,
      openPeers: () => Promise.reject(new Error('the star has no peers')),
      host: 'here',
      besideCoordinator: false,
    }),
  );
  const { state } = await startCoordinator({
    ...common,
    config,
    steps,
    exchange: 'star',
    run: 'test',
    incarnation: 1,
    link: link.coordinator,
    initial: createTrainingState(config),
    readShards: createShardReader(dataset, config),
    onCommit: () => false,
  });
  await Promise.all(working);
  return state;
}

/** Trains with a trainer, with the images and labels that a cluster reads, and returns the checkpoint. */
async function trainAlone(config: RunConfig, dataset: Dataset): Promise<Uint8Array> {
  const trainer = createTrainer(config.model, config);
  const read = createShardReader(dataset, config);
  const shards = [{ start: 0, end: config.batchSize / config.shardSize }];
  for (let step = 0; step < steps; step++) {
    const batches = Array.from({ length: config.discriminatorSteps }, (_, turn) =>
      read(step * config.discriminatorSteps + turn + 1, shards),
    );
    const labels = batches.flatMap((batch) => batch.labels);
    await trainer.step(
      Buffer.concat(batches.map(({ images }) => images)),
      config.model.condition === undefined ? undefined : labels,
    );
  }
  return trainer.save();
}

/** The checkpoint that a run writes for a state. */
async function checkpointOf(config: RunConfig, state: TrainingState): Promise<Uint8Array> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-trainer-'));
  return Uint8Array.from(await readFile(await writeCheckpoint(folder, config, state)));
}

const conditional: RunConfig = {
  ...smallConfig,
  sharedNoise: false,
  model: {
    ...smallConfig.model,
    condition: { kind: 'label', classes: 3, embedding: 4 },
    regularizer: { kind: 'r1', gamma: 1, every: 2 },
  },
  classes: [50, 30, 20].map((images, label) => ({ name: String(label), images })),
};
const labelled = { ...smallDataset, labels: labelsInTurn(smallDataset.count, 3) };

it.each([
  ['lazy penalties, augmentation, spectral norms, minibatch deviations, schedules', richConfig, smallDataset],
  ['labels, a penalty in every second phase, noise of its own for each phase', conditional, labelled],
  ['a loss that compares real with fake images', pairedConfig, labelled],
] as const)(
  'three steps give the file of two workers on the same backend, byte for byte: %s',
  async (_, run, dataset) => {
    await setBackend('cpu');
    const config = eager(run);
    const file = await trainAlone(config, dataset);
    expect(file).toEqual(await checkpointOf(config, await trainInProcess(config, 2, dataset)));
  },
);

it("three steps on tfjs-node give the file of a cluster's eager engine, byte for byte, and on cpu numbers close to it", async () => {
  expect((await lstmGan(['setup', '--variant', 'cpu'])).exitCode).toBe(0);
  const config = eager(smallConfig);
  const oneThread = { parameters: ['--threads', '1'] };
  const { state } = await trainOnCluster({ workers: 2, steps, config, settings: [oneThread, oneThread] });
  await openEngine('eager', { threads: 1, device: 'cpu', cacheDir: defaultCacheDir(process.env, homedir()) });
  const file = await checkpointOf(config, state);
  expect(await trainAlone(config, smallDataset)).toEqual(file);
  await setBackend('cpu');
  const onCpu = await trainAlone(config, smallDataset);
  expect(onCpu).not.toEqual(file);
  expect(onCpu).toHaveLength(file.length);
  const floats = (bytes: Uint8Array) =>
    new Float32Array(bytes.buffer, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)));
  const [expected, got] = [floats(file), floats(onCpu)];
  const distance = Math.hypot(...got.map((value, i) => value - expected[i])) / Math.hypot(...expected);
  expect(distance).toBeLessThan(1e-3);
});
