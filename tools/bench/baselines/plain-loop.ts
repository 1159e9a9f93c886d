/**
 * A training step in one process, without coordinator, leases or messages: the shards of all phases, one after the
 * other, and the updates.
 */
import { performance } from 'node:perf_hooks';
import { createLayouts, type PhaseUnitOptions } from '@lstm-gan/core';
import {
  compileUnits,
  computeSubtree,
  createGeneratorPasses,
  createShardNoise,
  startShard,
  type RealImages,
} from '@lstm-gan/core/compute';
import { firstPlaceOfStep, nextPlace, type Place } from '@lstm-gan/core/step';
import { applyUpdate } from '@lstm-gan/core/training';
import type { Engine } from '@lstm-gan/engine';
import { createTrainingState, type RunConfig, type TrainingState } from '@lstm-gan/run';

interface StepTimes {
  readonly totalMs: number;
  /** Milliseconds of everything except the updates: mostly units, which also add up the gradients. */
  readonly unitsMs: number;
  /** Milliseconds of the updates: Adam, moving averages, EMA. */
  readonly updateMs: number;
}

export interface PlainLoop {
  /** Runs one step on images [batchSize, H, W, C] of the type that the loop was made for. */
  step(images: Uint8Array | Float32Array): Promise<StepTimes>;
  /** After the last step. Some of its vectors are used again for the results of the next steps. */
  readonly state: TrainingState;
}

/** Makes a loop before its first step. All discriminator phases of a step read the same images, of class 0. */
export async function createPlainLoop(
  engine: Engine,
  config: RunConfig,
  options: PhaseUnitOptions = {},
): Promise<PlainLoop> {
  const { arithmetic } = engine;
  const units = await compileUnits(engine, config, options);
  const [generatorPasses, noise] = [createGeneratorPasses(), createShardNoise(config)];
  const tools = { units, config, arithmetic, generatorPasses, noise };
  const layouts = createLayouts(config.model);
  const shards = { start: 0, end: config.batchSize / config.shardSize };
  let state: TrainingState = createTrainingState(config);

  /** Computes a phase and updates its network. Returns the sum of the gradients and the milliseconds of the update. */
  const runPhase = async (place: Place, images: RealImages): Promise<{ sum: Float32Array; updateMs: number }> => {
    const { phase } = place;
    const weights = { generator: state.generator.weights, discriminator: state.discriminator.weights };
    const start = (shard: number) => startShard(tools, phase, weights[phase], { ...place, shard }, images);
    const { sum } = await computeSubtree(shards, weights, images, start, arithmetic);
    const startMs = performance.now();
    if (phase === 'generator') {
      arithmetic.finishPending();
      past.forEach(arithmetic.release);
    }
    state = applyUpdate(state, phase, sum, config, layouts, arithmetic);
    return { sum, updateMs: performance.now() - startMs };
  };
  /**
   * Vectors of the last step. They are released one step later, because the moving average may still read them.
   */
  let past: Float32Array[] = [];

  const step = async (pixels: Uint8Array | Float32Array): Promise<StepTimes> => {
    const startMs = performance.now();
    const shardPixels = pixels.length / shards.end;
    const images: RealImages = {
      of: ({ shard }) => pixels.subarray(shard * shardPixels, (shard + 1) * shardPixels),
      labelsOf: () => new Int32Array(config.shardSize),
    };
    const number = state.step + 1;
    const used: Float32Array[] = [];
    let updateMs = 0;
    for (
      let place: Place = firstPlaceOfStep(number);
      place.step === number;
      place = nextPlace(place, config.discriminatorSteps)
    ) {
      const before = state;
      const phase = await runPhase(place, images);
      updateMs += phase.updateMs;
      used.push(phase.sum, ...vectorsOf(before, place));
    }
    past = used;
    const totalMs = performance.now() - startMs;
    return { totalMs, updateMs, unitsMs: totalMs - updateMs };
  };
  return {
    step,
    get state() {
      return state;
    },
  };
}

/** The vectors that the update of a place replaces. */
function vectorsOf(before: TrainingState, { phase }: Place): Float32Array[] {
  const { weights, firstMoments, secondMoments } = before[phase];
  const vectors = [weights, firstMoments, secondMoments];
  return phase === 'generator' ? [...vectors, before.ema] : vectors;
}
