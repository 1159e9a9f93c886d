/** The units of a conditional model: their gradients against differences of their losses, and what a class changes. */
import '@tensorflow/tfjs';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { createInitialWeights } from '../model/initial-weights.ts';
import type { GeneratorConfig, ModelConfig } from '../model/model-config.ts';
import { oneLstm, presets } from '../presets.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { generate } from '../sampling/generate.ts';
import { entryView } from '../weights/layout.ts';
import { createLayouts } from '../model/network.ts';
import { createPhaseUnits, type PhaseUnits } from './phase-units.ts';
import { runUnit } from './run-unit.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const shardSize = 3;
const recurrent = { dense: 12, steps: 2, stepSize: 6, ...oneLstm } as const;
const generators: [name: string, GeneratorConfig][] = [
  ['rows', { kind: 'rows', ...recurrent, lstm: 8, hidden: [], base: [2, 2, 4], filters: [4] }],
  ['article', { kind: 'article', ...recurrent, lstm: 5, hidden: [8], base: [2, 2, 4], filters: [4] }],
  [
    'rows, varied,',
    {
      ...{ kind: 'rows', ...recurrent, cell: 'conv-lstm', lstm: 4, layers: 2, bidirectional: true, stepNoise: 1 },
      ...{ block: [1, 2], hidden: [], base: [2, 2, 4], filters: [4] },
    },
  ],
  ['dcgan', { kind: 'dcgan', base: [2, 2, 4], filters: [4] }],
  ['dense', { kind: 'dense', units: [6] }],
];
const modelOf = (generator: GeneratorConfig): ModelConfig => ({
  ...presets.get('conditional').model,
  image: { size: 8, channels: 1 },
  latent: 3,
  condition: { kind: 'label', classes: 3, embedding: 2 },
  generator,
  discriminator: { filters: [4], dropout: 0.3, minibatchDeviation: 3 },
  regularizer: { kind: 'none' },
});
const key = (a: number, b: number) => Int32Array.of(a, b);
const labels = Int32Array.of(2, 0, 1);
const seeds = { dropoutSeed: key(5, 6), labels };

/** The measured slope of a loss along a direction, over the slope that the gradient says. */
async function slopeRatio(
  weights: Float32Array,
  run: (weights: Float32Array) => Promise<{ loss: Float32Array; gradient: Float32Array }>,
): Promise<number> {
  const { gradient } = await run(weights);
  const length = Math.hypot(...gradient);
  const noise = normalNoise(key(7, 8), weights.length);
  const direction = noise.map((value, i) => value / Math.hypot(...noise) + gradient[i] / length);
  const step = 3e-3;
  const [after, before] = await Promise.all(
    [step, -step].map((factor) => run(weights.map((w, i) => w + factor * direction[i]))),
  );
  const expected = gradient.reduce((total, slope, i) => total + slope * direction[i], 0);
  return (after.loss[0] - before.loss[0]) / (2 * step) / expected;
}

/** A contribution with zeros for the entries that are no gradient: the statistics of batch normalisation. */
function withoutState(model: ModelConfig, contribution: Float32Array): Float32Array {
  const gradient = contribution.slice();
  for (const entry of createLayouts(model).generator.entries)
    if (entry.role === 'state') entryView(gradient, entry).fill(0);
  return gradient;
}

it.each(generators)(
  'the gradients of a conditional %s model are the slopes of its losses',
  async (_name, generator) => {
    const model = modelOf(generator);
    const units = createPhaseUnits(model, shardSize, { images: 'float32' }) as Required<PhaseUnits>;
    const noise = normalNoise(key(1, 2), shardSize * model.latent);
    const [made, judging] = (['generator', 'discriminator'] as const).map((name) =>
      createInitialWeights(model, name, 5),
    );
    const discriminatorRatio = await slopeRatio(judging, (discriminator) => {
      const images = normalNoise(key(3, 4), shardSize * 64);
      return runUnit(units.discriminatorFake, { discriminator, images, ...seeds });
    });
    const generatorRatio = await slopeRatio(made, async (weights) => {
      const inputs = { generator: weights, discriminator: judging, noise, ...seeds };
      const { loss, contribution } = await runUnit(units.generatorBackward, inputs);
      return { loss, gradient: withoutState(model, contribution) };
    });
    expect(discriminatorRatio).toBeCloseTo(1, 1);
    expect(generatorRatio).toBeCloseTo(1, 1);
  },
);

it('judges an image by its class, real and fake images alike', async () => {
  const model = modelOf(generators[0][1]);
  const units = createPhaseUnits(model, shardSize, { images: 'float32' }) as Required<PhaseUnits>;
  const discriminator = createInitialWeights(model, 'discriminator', 5);
  const images = normalNoise(key(3, 4), shardSize * 64);
  const logitsOf = async (ofImages: Int32Array) => {
    const inputs = { discriminator, images, dropoutSeed: key(5, 6), labels: ofImages };
    const real = await runUnit(units.discriminatorReal, { ...inputs, regularizerSeed: key(1, 1) });
    const fake = await runUnit(units.discriminatorFake, inputs);
    expect(real.logits).toEqual(fake.logits);
    return [...real.logits];
  };
  const [first, second] = [await logitsOf(labels), await logitsOf(Int32Array.of(1, 0, 1))];
  expect(first[0]).not.toBe(second[0]);
  expect(first.slice(1)).toEqual(second.slice(1));
});

it('draws other images of the same noise for another class, and the same image for the same noise and class', async () => {
  const model = modelOf(generators[0][1]);
  const weights = createInitialWeights(model, 'generator', 5);
  const [one, other] = [normalNoise(key(1, 2), 3), normalNoise(key(3, 4), 3)];
  const images = await generate(model, weights, Float32Array.of(...one, ...one, ...one, ...other), [0, 1, 0, 0]);
  const image = (index: number) => [...images.subarray(index * 64, (index + 1) * 64)];
  expect(image(1)).not.toEqual(image(0));
  expect(image(2)).toEqual(image(0));
  expect(image(3)).not.toEqual(image(0));
  const inTurn = await generate(model, weights, Float32Array.of(...one, ...one));
  expect([...inTurn]).toEqual([...image(0), ...image(1)]);
  await expect(generate(model, weights, one, [3])).rejects.toThrow('There is no class number 3');
});
