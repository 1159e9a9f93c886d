/**
 * The weights are the same for any number of workers, and whichever of them dies. With real processes over encrypted
 * TCP.
 */
import type { GeneratorConfig } from '@lstm-gan/core';
import { roundToBfloat16 } from '@lstm-gan/core/weights';
import { labelsInTurn } from '@lstm-gan/data';
import type { RunConfig } from '@lstm-gan/run';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmGan } from '../support/command-line.ts';
import { trainOnCluster, type ClusterResult } from '../support/cluster.ts';
import { everyVariation, pairedConfig, richConfig, smallConfig, smallDataset } from '../support/small-run.ts';

const steps = 5;
let alone: ClusterResult;

beforeAll(async () => {
  expect((await lstmGan(['setup', '--variant', 'cpu'])).exitCode).toBe(0);
  alone = await trainOnCluster({ workers: 1, steps });
});

it('gives other weights for another seed', async () => {
  const other = await trainOnCluster({ workers: 1, steps, config: { ...smallConfig, seed: 2 } });
  expect(other.weightsSha256).not.toBe(alone.weightsSha256);
});

it('gives the same weights with 1, 2 and 4 workers when a step has several discriminator phases', async () => {
  const config = { ...smallConfig, discriminatorSteps: 2 };
  const losses = new Map<number, unknown[]>();
  const train = (workers: number) =>
    trainOnCluster({
      workers,
      steps,
      config,
      onStep: (metrics) => void losses.set(workers, [...(losses.get(workers) ?? []), metrics.losses, metrics.images]),
    });
  const one = await train(1);
  expect([one.state.discriminator.updates, one.state.generator.updates]).toEqual([2 * steps, steps]);
  expect(one.weightsSha256).not.toBe(alone.weightsSha256);
  for (const workers of [2, 4]) {
    expect((await train(workers)).state).toEqual(one.state);
    expect(losses.get(workers)).toEqual(losses.get(1));
  }
  expect(losses.get(1)?.[1]).toBe(2 * config.batchSize);
});

it('gives the same weights with 1 and 3 workers if each phase draws noise of its own, and other weights than with shared noise', async () => {
  const config = { ...smallConfig, sharedNoise: false };
  const one = await trainOnCluster({ workers: 1, steps, config });
  expect(one.weightsSha256).not.toBe(alone.weightsSha256);
  expect((await trainOnCluster({ workers: 3, steps, config })).state).toEqual(one.state);
});

it('gives the same weights in both exchanges with lazy penalties, augmentation, spectral norms and learning rates that fall', async () => {
  const config = richConfig;
  const penalties: number[] = [];
  const one = await trainOnCluster({
    workers: 1,
    steps,
    config,
    onStep: ({ losses }) => void penalties.push(losses.penalty),
  });
  // There are ten discriminator phases. The first, fourth, seventh and tenth compute a penalty.
  expect(penalties.map((penalty) => penalty > 0)).toEqual([true, true, false, true, true]);
  for (const [workers, exchange] of [
    [2, 'star'],
    [3, 'sliced'],
  ] as const) {
    const result = await trainOnCluster({ workers, steps, config, exchange });
    expect(result.state).toEqual(one.state);
  }
  const withoutSchedule = { ...config, optimizer: smallConfig.optimizer };
  const other = await trainOnCluster({ workers: 1, steps, config: withoutSchedule });
  expect(other.weightsSha256).not.toBe(one.weightsSha256);
});

it('gives the same weights in both exchanges with a loss that compares real with fake images, also when a worker is killed', async () => {
  const dataset = { ...smallDataset, labels: labelsInTurn(smallDataset.count, 3) };
  const one = await trainOnCluster({ workers: 1, steps, config: pairedConfig, dataset });
  for (const exchange of ['star', 'sliced'] as const) {
    const result = await trainOnCluster({
      workers: 3,
      steps,
      config: pairedConfig,
      dataset,
      exchange,
      onStep: ({ step }, workers) => void (step === 2 && workers[0].kill('SIGKILL')),
    });
    expect([...result.endings].sort()).toEqual([0, 0, 'SIGKILL']);
    expect(result.state).toEqual(one.state);
  }
  const approximate: RunConfig = {
    ...smallConfig,
    sharedNoise: false,
    model: { ...smallConfig.model, loss: 'relativistic' },
  };
  const alone = await trainOnCluster({ workers: 1, steps, config: approximate });
  expect((await trainOnCluster({ workers: 2, steps, config: approximate })).state).toEqual(alone.state);
});

it('gives the same weights with 1 and 3 workers if the generator has every variation of the recurrent layers', async () => {
  const generator = { ...smallConfig.model.generator, ...everyVariation } as GeneratorConfig;
  const config = { ...smallConfig, model: { ...smallConfig.model, generator } };
  const one = await trainOnCluster({ workers: 1, steps, config });
  expect((await trainOnCluster({ workers: 3, steps, config })).state).toEqual(one.state);
});

it('gives the same weights with 1 and 3 workers, by both exchanges, if the model reads labels, and other weights for other labels', async () => {
  const config: RunConfig = {
    ...smallConfig,
    model: {
      ...smallConfig.model,
      condition: { kind: 'label', classes: 3, embedding: 4 },
      regularizer: { kind: 'r1', gamma: 1, every: 2 },
    },
    classes: [50, 30, 20].map((images, label) => ({ name: String(label), images })),
  };
  const dataset = { ...smallDataset, labels: labelsInTurn(smallDataset.count, 3) };
  const one = await trainOnCluster({ workers: 1, steps, config, dataset });
  for (const exchange of ['star', 'sliced'] as const)
    expect((await trainOnCluster({ workers: 3, steps, config, dataset, exchange })).state).toEqual(one.state);
  const others = { ...dataset, labels: labelsInTurn(smallDataset.count, 2) };
  const other = await trainOnCluster({ workers: 1, steps, config, dataset: others });
  expect(other.weightsSha256).not.toBe(one.weightsSha256);
});

describe.each(['star', 'sliced'] as const)('by the %s exchange', (exchange) => {
  it.each([1, 2, 3, 4])('gives the same weights, moments and averages with %i workers as with one', async (workers) => {
    const result = await trainOnCluster({ workers, steps, exchange });
    expect(result.endings).toEqual(Array(workers).fill(0));
    expect(result.weightsSha256).toBe(alone.weightsSha256);
    expect(result.state).toEqual(alone.state);
  });

  describe('when a worker is killed in the middle', () => {
    it('the others compute its shards and the weights are the same', async () => {
      const longer = 40;
      const quiet = await trainOnCluster({ workers: 2, steps: longer, exchange });
      const result = await trainOnCluster({
        workers: 3,
        steps: longer,
        exchange,
        onStep: ({ step }, workers) => {
          if (step === 3) workers[0].kill('SIGKILL');
          if (step === 6) workers[1].kill('SIGKILL');
        },
      });
      expect([...result.endings].sort()).toEqual([0, 'SIGKILL', 'SIGKILL']);
      expect(result.log).toContain('is gone');
      expect(result.weightsSha256).toBe(quiet.weightsSha256);
      expect(result.state).toEqual(quiet.state);
    });

    it('the same holds for a worker that leaves after its lease', async () => {
      const result = await trainOnCluster({
        workers: 2,
        steps,
        exchange,
        onStep: ({ step }, workers) => void (step === 2 && workers[0].kill('SIGTERM')),
      });
      expect(result.endings).toEqual([0, 0]);
      expect(result.weightsSha256).toBe(alone.weightsSha256);
    });
  });
});

describe('with bfloat16 on the wire', () => {
  const config = { ...smallConfig, wire: 'bfloat16' } as const;

  const lengthOf = (vector: Float32Array): number => Math.hypot(...vector);

  it('one worker gives the same weights by both exchanges, other weights than with float32, and they are kept as float32', async () => {
    const star = await trainOnCluster({ workers: 1, steps, config });
    const sliced = await trainOnCluster({ workers: 1, steps, config, exchange: 'sliced' });
    expect(sliced.state).toEqual(star.state);
    expect(star.weightsSha256).not.toBe(alone.weightsSha256);
    const rounded = star.state.generator.weights.slice();
    roundToBfloat16(rounded);
    expect(rounded).not.toEqual(star.state.generator.weights);
  });

  it.each(['star', 'sliced'] as const)(
    'three workers give weights close to those of float32 by the %s exchange',
    async (exchange) => {
      const { state } = await trainOnCluster({ workers: 3, steps, config, exchange });
      const expected = alone.state.generator.weights;
      expect(
        lengthOf(state.generator.weights.map((value, i) => value - expected[i])) / lengthOf(expected),
      ).toBeLessThan(0.05);
    },
  );

  it('the run continues when a worker is killed', async () => {
    const result = await trainOnCluster({
      workers: 3,
      steps: 12,
      config,
      exchange: 'sliced',
      onStep: ({ step }, workers) => void (step === 3 && workers[0].kill('SIGKILL')),
    });
    expect([...result.endings].sort()).toEqual([0, 0, 'SIGKILL']);
    expect(result.state.generator.weights.every(Number.isFinite)).toBe(true);
  });
});

it('a worker that is told to leave finishes the lease that it was given', async () => {
  const messages: string[] = [];
  await trainOnCluster({
    workers: 1,
    steps: 1_000_000,
    onMessage: ({ kind }) => void messages.push(kind),
    onStep: ({ step }, [worker]) => void (step === 2 && worker.kill('SIGTERM')),
  });
  // This worker is the only one, so it has a lease when its `leave` arrives, and returns that lease's contribution
  // before it is let go.
  expect(messages.slice(messages.indexOf('leave'))).toEqual(['leave', 'contribution']);
});

it('stops at a number that is not finite, and names worker, shard and step', async () => {
  const wild = { ...smallConfig.optimizer.discriminator, learningRate: 1e30 };
  const config = { ...smallConfig, optimizer: { generator: wild, discriminator: wild } };
  await expect(trainOnCluster({ workers: 1, steps, config })).rejects.toMatchObject({
    code: 'not-finite',
    message: expect.stringMatching(/step 1\b.*worker-1.*shard \d/),
  });
});
