/**
 * Trains GANs on points of the plane: 8 normal distributions on a ring, or 25 on a grid. A GAN that collapses misses
 * some of them. Each point is an image of one pixel, whose channels are x, y and 0.
 */
import {
  createPhaseUnits,
  normalNoise,
  registerNetworks,
  sampleNoise,
  streamKey,
  type ModelConfig,
} from '@lstm-gan/core';
import { dense, leakyRelu, lstm, minibatchDeviation, stateless, toShape } from '@lstm-gan/core/layers';
import { statelessUniform } from '@lstm-gan/core/random';
import { createTrainer } from '@lstm-gan/core/trainer';
import { countModes, gridOfGaussians, ringOfGaussians, type ModeCount, type Modes } from '@lstm-gan/evaluation';
import type { Engine } from '@lstm-gan/engine';
import type { RunConfig, TrainingState } from '@lstm-gan/run';
import { concat, mul, slice } from '@tensorflow/tfjs-core';

export const mixtures = { ring: ringOfGaussians, grid: gridOfGaussians } as const;
export type MixtureName = keyof typeof mixtures;

/** Points are divided by this number, so that both mixtures are about as wide as pixels are. */
const scale = 4;
const units = 128;
const batchSize = 256;
const group = 8;

registerNetworks('points-1', {
  generators: {
    /** The LSTM's first step writes x, its second y. */
    'lstm-points': ({ latent }) => [
      dense('dense0', latent, 2 * units),
      leakyRelu(),
      toShape([2, units]),
      lstm('lstm0', units, units), // [B, 2, units]
      toShape([2 * units]),
      dense('dense1', 2 * units, units),
      leakyRelu(),
      dense('dense2', units, 2),
      stateless((x) => concat([x, mul(0, slice(x, [0, 0], [-1, 1]))], 1)),
      toShape([1, 1, 3]),
    ],
  },
  discriminators: {
    points: () => [
      toShape([3]),
      ...[0, 1, 2].flatMap((k) => [dense(`dense${k}`, k === 0 ? 3 : units, units), leakyRelu()]),
      minibatchDeviation(group),
      dense('logit', units + 1, 1),
    ],
  },
});

const model: ModelConfig = {
  image: { size: 1, channels: 3 },
  latent: 16,
  generator: { kind: 'custom', name: 'lstm-points', options: {} },
  discriminator: { kind: 'custom', name: 'points', options: {} },
  loss: 'non-saturating',
  regularizer: { kind: 'r1', gamma: 0.02, every: 1 },
  source: 'points-1',
};

/** The configuration of a training on so many points, a multiple of 256. */
export function pointsConfig(seed: number, points: number): RunConfig {
  const falling = { startImages: points / 2, endImages: points, finalShare: 0.02 };
  const adam = { learningRate: 1e-3, beta1: 0, beta2: 0.99, schedule: falling };
  const { config } = createTrainer(model, {
    seed,
    batchSize,
    shardSize: batchSize,
    sharedNoise: false,
    generatorOptimizer: adam,
    discriminatorOptimizer: adam,
  });
  return config;
}

/** The points of one step: [batchSize, 3], a mode chosen evenly for each. */
export function drawPoints({ centres, deviation }: Modes, seed: number, step: number): Float32Array {
  const keyOf = (shard: number) => streamKey({ seed, purpose: 'noise', step, shard, phase: 'discriminator', turn: 1 });
  const chosen = statelessUniform(keyOf(0), batchSize);
  const noise = normalNoise(keyOf(1), 2 * batchSize);
  const points = new Float32Array(3 * batchSize);
  for (let k = 0; k < batchSize; k++) {
    const centre = centres[Math.floor(chosen[k] * centres.length)];
    for (const axis of [0, 1]) points[3 * k + axis] = (centre[axis] + deviation * noise[2 * k + axis]) / scale;
  }
  return points;
}

/** Draws points with the averaged generator and counts the modes that they hit. */
export async function judgePoints(
  engine: Engine,
  { ema }: TrainingState,
  { seed, modes, count }: { readonly seed: number; readonly modes: Modes; readonly count: number },
): Promise<ModeCount> {
  const { generatorSample } = createPhaseUnits(model, count);
  const unit = await engine.compile(generatorSample);
  const { images } = await unit.run({ generator: ema, noise: sampleNoise(model, count, seed) });
  const values = Float64Array.from({ length: 2 * count }, (_, i) => scale * images[3 * (i >> 1) + (i & 1)]);
  return countModes({ values, width: 2 }, modes);
}
