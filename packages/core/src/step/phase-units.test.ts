/** The second-order gradients of the exact penalties, against differences of the penalties themselves. */
import '@tensorflow/tfjs';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { ExactRegularizer } from '../loss/gradient-penalty.ts';
import { createInitialWeights } from '../model/initial-weights.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { presets } from '../presets.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { createPhaseUnits } from './phase-units.ts';
import { runUnit } from './run-unit.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const shardSize = 4;
const model: ModelConfig = {
  ...presets.get('digits').model,
  image: { size: 8, channels: 3 },
  generator: { kind: 'dense', units: [4] },
  discriminator: { filters: [6, 8], dropout: 0.3, minibatchDeviation: 2 },
};
const key = (a: number, b: number) => Int32Array.of(a, b);
const pixels = shardSize * 8 * 8 * 3;
const images = normalNoise(key(1, 2), pixels).map((x) => x / 2);
const fakeImages = normalNoise(key(3, 4), pixels).map((x) => x / 3);

it.each<[string, ExactRegularizer, Partial<ModelConfig>]>([
  ['r1', { kind: 'r1', gamma: 3, every: 1 }, {}],
  ['r1-r2', { kind: 'r1-r2', gamma: 3, every: 1 }, {}],
  ['gradient-penalty', { kind: 'gradient-penalty', lambda: 10, every: 4 }, {}],
  ['r1', { kind: 'r1', gamma: 3, every: 1 }, { augment: { colour: true, translation: 0.25, cutout: 0.5 } }],
  ['r1-r2', { kind: 'r1-r2', gamma: 3, every: 1 }, { condition: { kind: 'label', classes: 3, embedding: 2 } }],
])('the gradient of %s is its slope in three directions %#', async (_name, regularizer, changes) => {
  const changed = { ...model, ...changes, regularizer };
  const unit = createPhaseUnits(changed, shardSize, { images: 'float32' });
  const weights = createInitialWeights(changed, 'discriminator', 5);
  const labels = changed.condition && { labels: Int32Array.of(0, 2, 1, 2), fakeLabels: Int32Array.of(2, 0, 0, 1) };
  const penaltyAt = (discriminator: Float32Array) =>
    runUnit(unit.discriminatorPenalty as NonNullable<typeof unit.discriminatorPenalty>, {
      discriminator,
      images,
      fakeImages,
      dropoutSeed: key(5, 6),
      fakeDropoutSeed: key(7, 8),
      regularizerSeed: key(9, 10),
      ...labels,
    });
  const { gradient } = await penaltyAt(weights);
  const length = Math.hypot(...gradient);
  for (const seed of [1, 2, 3]) {
    const noise = normalNoise(key(seed, 11), weights.length);
    // Along the gradient and a random direction of the same length. The steps are short, because the slope of a
    // LeakyReLU jumps at 0, and so does the penalty.
    const direction = noise.map((value, i) => value / Math.hypot(...noise) + gradient[i] / length);
    const step = 1e-3;
    const [after, before] = await Promise.all(
      [step, -step].map((factor) => penaltyAt(weights.map((w, i) => w + factor * direction[i]))),
    );
    const measured = (after.penalty[0] - before.penalty[0]) / (2 * step);
    const expected = gradient.reduce((total, slope, i) => total + slope * direction[i], 0);
    expect(measured / expected).toBeGreaterThan(0.98);
    expect(measured / expected).toBeLessThan(1.02);
  }
});
