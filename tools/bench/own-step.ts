/** Ours: the units of both phases on an engine, and both updates, everything included, in one process. */
import { performance } from 'node:perf_hooks';
import { createLayouts, normalNoise, streamKey, updateNetwork } from '@lstm-gan/core';
import type { Engine } from '@lstm-gan/engine';
import { createRunConfig, createTrainingState, type TrainingState } from '@lstm-gan/run';
import { compileUnits } from '@lstm-gan/worker';
import type { Preset } from '@lstm-gan/core';

export interface StepTimes {
  readonly totalMs: number;
  /** In native calls. */
  readonly unitsMs: number;
  /** Sum, Adam, moving averages, EMA. */
  readonly updateMs: number;
}

/** One iteration a call, on shards of the whole batch. */
export async function createOwnStep(engine: Engine, preset: Preset, batch: number): Promise<(images: Uint8Array) => Promise<StepTimes>> {
  const config = createRunConfig(preset, { batchSize: batch, shardSize: batch });
  const { arithmetic } = engine;
  const units = await compileUnits(engine, config);
  const layouts = createLayouts(config.model);
  let state: TrainingState = createTrainingState(config);
  const drawNoise = () => normalNoise(streamKey({ seed: 1, purpose: 'noise', step: state.step }), batch * config.model.latent);
  const seedOf = (purpose: 'dropout-real' | 'dropout-fake' | 'dropout-generator' | 'regularizer') =>
    streamKey({ seed: 1, purpose, step: state.step });

  return async (images) => {
    const startMs = performance.now();
    const [generator, discriminator] = [state.generator.weights, state.discriminator.weights];
    const pass = await units.generatorBackward.begin({ generator, noise: drawNoise() });
    const fake = pass.outputs.images as Float32Array;
    const onReal = await units.discriminatorReal.run({
      discriminator, images, dropoutSeed: seedOf('dropout-real'), regularizerSeed: seedOf('regularizer'),
    });
    const onFake = await units.discriminatorFake.run({ discriminator, images: fake, dropoutSeed: seedOf('dropout-fake') });
    const firstUpdateMs = performance.now();
    const { gradient } = onReal;
    const past: Float32Array[] = [onFake.gradient, fake, gradient];
    const updated = updateNetwork(layouts.discriminator, state.discriminator, [gradient, onFake.gradient], 1, config.optimizer.discriminator, arithmetic).state;
    const secondPhaseMs = performance.now();
    const { contribution } = await pass.finish({ discriminator: updated.weights, dropoutSeed: seedOf('dropout-generator') });
    const secondUpdateMs = performance.now();
    if (contribution === undefined) throw new Error('Bug: a finished pass gives its contribution');
    const next = updateNetwork(layouts.generator, state.generator, contribution, 1, config.optimizer.generator, arithmetic).state;
    const { firstMoments, secondMoments, weights } = state.generator;
    past.push(contribution, weights, firstMoments, secondMoments, state.ema);
    past.push(state.discriminator.weights, state.discriminator.firstMoments, state.discriminator.secondMoments);
    state = { step: state.step + 1, generator: next, discriminator: updated, ema: arithmetic.ema(state.ema, next.weights, 0.998) };
    arithmetic.settle();
    past.forEach(arithmetic.release);
    const endMs = performance.now();
    const updateMs = secondPhaseMs - firstUpdateMs + (endMs - secondUpdateMs);
    return { totalMs: endMs - startMs, updateMs, unitsMs: endMs - startMs - updateMs };
  };
}
