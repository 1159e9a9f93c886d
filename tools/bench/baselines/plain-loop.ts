/**
 * A training step in one process, without coordinator, leases or messages: the units of both phases and both updates.
 */
import { performance } from 'node:perf_hooks';
import { createLayouts, normalNoise, streamKey, updateNetwork, type Preset, type StreamPurpose } from '@lstm-gan/core';
import { compileUnits } from '@lstm-gan/core/compute';
import { accumulateShards } from '@lstm-gan/core/fold';
import type { Engine } from '@lstm-gan/engine';
import { createRunConfig, createTrainingState, type TrainingState } from '@lstm-gan/run';

export interface StepTimes {
  readonly totalMs: number;
  /** Milliseconds of everything except the updates: mostly units, which also add up the gradients. */
  readonly unitsMs: number;
  /** Milliseconds of the updates: Adam, moving averages, EMA. */
  readonly updateMs: number;
}

/** Returns a function that runs one iteration: shards one after the other, with gradients summed as in a worker. */
export async function createPlainLoop(
  engine: Engine,
  preset: Preset,
  batch: number,
  shardSize = batch,
): Promise<(images: Uint8Array) => Promise<StepTimes>> {
  const config = createRunConfig(preset, { batchSize: batch, shardSize });
  const { arithmetic } = engine;
  const units = await compileUnits(engine, config);
  const layouts = createLayouts(config.model);
  const shardCount = batch / shardSize;
  const shards = { start: 0, end: shardCount };
  let state: TrainingState = createTrainingState(config);
  const seedOf = (purpose: StreamPurpose, shard: number) => streamKey({ seed: 1, purpose, step: state.step, shard });

  type Pass = Awaited<ReturnType<typeof units.generatorBackward.begin>>;
  const discriminatorGradient = async (
    shard: number,
    images: Uint8Array,
    onto: readonly Float32Array[],
    passes: Pass[],
  ): Promise<Float32Array> => {
    const { weights: discriminator } = state.discriminator;
    const noise = normalNoise(seedOf('noise', shard), shardSize * config.model.latent);
    const pass = await units.generatorBackward.begin({ generator: state.generator.weights, noise });
    const fake = pass.outputs.images as Float32Array;
    const pixelsPerShard = images.length / shardCount;
    const pixels = images.subarray(shard * pixelsPerShard, (shard + 1) * pixelsPerShard);
    const { gradient } = await units.discriminatorReal.run({
      discriminator,
      images: pixels,
      dropoutSeed: seedOf('dropout-real', shard),
      regularizerSeed: seedOf('regularizer', shard),
    });
    const onFake = await units.discriminatorFake.run(
      { discriminator, images: fake, dropoutSeed: seedOf('dropout-fake', shard) },
      { output: 'gradient', onto: [...onto, gradient] },
    );
    [fake, gradient].forEach(arithmetic.release);
    passes.push(pass);
    return onFake.gradient;
  };
  const generatorContribution = async (
    shard: number,
    discriminator: Float32Array,
    onto: readonly Float32Array[],
    passes: readonly Pass[],
  ): Promise<Float32Array> => {
    const { contribution } = await passes[shard].finish(
      { discriminator, dropoutSeed: seedOf('dropout-generator', shard) },
      { output: 'contribution', onto },
    );
    if (contribution === undefined) throw new Error('Bug: a finished pass gives its contribution');
    return contribution;
  };
  /**
   * Vectors of the last iteration. They are released one iteration later, because the moving average may still read
   * them.
   */
  let past: Float32Array[] = [];

  return async (images) => {
    const startMs = performance.now();
    const passes: Pass[] = [];
    const gradient = await accumulateShards(
      shards,
      (shard, onto) => discriminatorGradient(shard, images, onto, passes),
      arithmetic.release,
    );
    const firstUpdateMs = performance.now();
    const { state: updated } = updateNetwork(
      layouts.discriminator,
      state.discriminator,
      gradient,
      shardCount,
      config.optimizer.discriminator,
      arithmetic,
    );
    const secondPhaseMs = performance.now();
    const contribution = await accumulateShards(
      shards,
      (shard, onto) => generatorContribution(shard, updated.weights, onto, passes),
      arithmetic.release,
    );
    const secondUpdateMs = performance.now();
    arithmetic.finishPending();
    past.forEach(arithmetic.release);
    const { state: next } = updateNetwork(
      layouts.generator,
      state.generator,
      contribution,
      shardCount,
      config.optimizer.generator,
      arithmetic,
    );
    const ema = arithmetic.ema(state.ema, next.weights, 0.998);
    past = [gradient, contribution, ...vectorsOf(state)];
    state = { step: state.step + 1, generator: next, discriminator: updated, ema };
    const endMs = performance.now();
    const updateMs = secondPhaseMs - firstUpdateMs + (endMs - secondUpdateMs);
    return { totalMs: endMs - startMs, updateMs, unitsMs: endMs - startMs - updateMs };
  };
}

function vectorsOf({ generator, discriminator, ema }: TrainingState): Float32Array[] {
  return [generator, discriminator]
    .flatMap(({ weights, firstMoments, secondMoments }) => [weights, firstMoments, secondMoments])
    .concat([ema]);
}
