/**
 * The units of the relativistic loss. Its value is computed from logits that the units of another loss give for the same
 * networks and seeds; its gradients are compared with differences of its values.
 */
import '@tensorflow/tfjs';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createInitialWeights } from '../model/initial-weights.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';
import { presets } from '../presets.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { entryView } from '../weights/layout.ts';
import { createPhaseUnits, type PhaseUnits } from './phase-units.ts';
import { runUnit } from './run-unit.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const shardSize = 4;
const key = (a: number, b: number) => Int32Array.of(a, b);
const models: [name: string, changes: Partial<ModelConfig>][] = [
  ['plain', {}],
  ['approximate R1', { regularizer: { kind: 'approximate-r1', lambda: 20, sigma: 0.05 } }],
  ['labels', { condition: { kind: 'label', classes: 3, embedding: 2 } }],
  ['augmentation', { augment: { colour: true, translation: 0.25, cutout: 0.5 } }],
  ['spectral norm', { discriminator: { filters: [4], dropout: 0.3, minibatchDeviation: 2, spectralNorm: true } }],
];

function paired(changes: Partial<ModelConfig>) {
  const model: ModelConfig = {
    ...(presets.get('digits')?.model as ModelConfig),
    image: { size: 8, channels: 3 },
    latent: 3,
    generator: { kind: 'dcgan', base: [2, 2, 4], filters: [4] },
    discriminator: { filters: [4], dropout: 0.3, minibatchDeviation: 2 },
    loss: 'relativistic',
    regularizer: { kind: 'none' },
    ...changes,
  };
  const unitsWith = (loss: ModelConfig['loss']) =>
    createPhaseUnits({ ...model, loss }, shardSize, { images: 'float32' }) as Required<PhaseUnits>;
  const labelled = (labels: object) => model.condition && labels;
  const [generator, discriminator] = [
    createInitialWeights(model, 'generator', 5),
    createInitialWeights(model, 'discriminator', 6),
  ];
  const pixels = shardSize * 8 * 8 * 3;
  return {
    model,
    units: unitsWith('relativistic'),
    separate: unitsWith('non-saturating'),
    onReal: {
      discriminator,
      images: normalNoise(key(1, 2), pixels).map((x) => x / 2),
      dropoutSeed: key(5, 6),
      regularizerSeed: key(9, 10),
      ...labelled({ labels: Int32Array.of(0, 2, 1, 2) }),
    },
    onFake: {
      fakeImages: normalNoise(key(3, 4), pixels).map((x) => x / 3),
      fakeDropoutSeed: key(7, 8),
      ...labelled({ fakeLabels: Int32Array.of(2, 0, 0, 1) }),
    },
    onNoise: {
      generator,
      discriminator,
      noise: normalNoise(key(11, 12), shardSize * 3),
      dropoutSeed: key(13, 14),
      ...labelled({ labels: Int32Array.of(2, 0, 0, 1) }),
    },
  };
}
type Paired = ReturnType<typeof paired>;

/** What the discriminator says of fake images, by the unit of another loss. */
async function fakeLogitsOf(
  { separate, onReal: { discriminator } }: Paired,
  images: Float32Array,
  dropoutSeed: Int32Array,
  labels?: Int32Array,
) {
  const inputs = { discriminator, images, dropoutSeed, ...(labels && { labels }) };
  return (await runUnit(separate.discriminatorFake, inputs)).logits;
}

/** E sp(-(ahead - behind)) of each pair, in float64. */
const meanLoss = (ahead: Float32Array, behind: Float32Array) =>
  ahead.reduce((sum, a, i) => sum + Math.log1p(Math.exp(behind[i] - a)), 0) / ahead.length;

/** The measured slope of a value along a direction, over the slope that the gradient says. */
async function slopeRatio(
  weights: Float32Array,
  run: (weights: Float32Array) => Promise<{ value: number; gradient: Float32Array }>,
): Promise<number> {
  const { gradient } = await run(weights);
  const noise = normalNoise(key(15, 16), weights.length);
  const direction = noise.map((x, i) => x / Math.hypot(...noise) + gradient[i] / Math.hypot(...gradient));
  // Short, because the slope of a LeakyReLU jumps at 0, and so does that of approximate R1.
  const step = 3e-4;
  const [after, before] = await Promise.all(
    [step, -step].map((factor) => run(weights.map((w, i) => w + factor * direction[i]))),
  );
  const expected = gradient.reduce((total, slope, i) => total + slope * direction[i], 0);
  return (after.value - before.value) / (2 * step) / expected;
}

/** A gradient with zeros for the entries that are no parameters. */
function withoutState({ model }: Paired, network: 'generator' | 'discriminator', vector: Float32Array): Float32Array {
  const gradient = vector.slice();
  for (const entry of createLayouts(model)[network].entries)
    if (entry.role === 'state') entryView(gradient, entry).fill(0);
  return gradient;
}

describe.each(models)('with %s', (_name, changes) => {
  const of = paired(changes);

  it('the discriminator loses by each real image that is not ahead of the fake one at its place', async () => {
    const { units, separate, onReal, onFake } = of;
    const both = await runUnit(units.discriminatorPairs, { ...onReal, ...onFake });
    const real = await runUnit(separate.discriminatorReal, onReal);
    const { fakeImages, fakeDropoutSeed, fakeLabels } = onFake as typeof onFake & { fakeLabels?: Int32Array };
    const fakeLogits = await fakeLogitsOf(of, fakeImages, fakeDropoutSeed, fakeLabels);
    expect(both.logits).toEqual(real.logits);
    expect(both.fakeLogits).toEqual(fakeLogits);
    expect(both.loss[0]).toBeCloseTo(meanLoss(real.logits, fakeLogits), 5);
    expect(both.penalty).toEqual(real.penalty);
    // What real images tell of the state is the same as with another loss: the direction of a spectral norm.
    for (const entry of createLayouts(of.model).discriminator.entries)
      if (entry.role === 'state') expect(entryView(both.gradient, entry)).toEqual(entryView(real.gradient, entry));
    const ratio = await slopeRatio(onReal.discriminator, async (discriminator) => {
      const { loss, penalty, gradient } = await runUnit(units.discriminatorPairs, {
        ...{ ...onReal, ...onFake },
        discriminator,
      });
      return { value: loss[0] + penalty[0], gradient: withoutState(of, 'discriminator', gradient) };
    });
    expect(ratio).toBeCloseTo(1, 1);
  });

  it('the generator loses by each fake image that is not ahead of the real one at its place', async () => {
    const { units, separate, onReal, onNoise } = of;
    const { images, labels } = onReal as typeof onReal & { labels?: Int32Array };
    const reals = { realImages: images, realDropoutSeed: onReal.dropoutSeed, ...(labels && { realLabels: labels }) };
    const inputs = { ...onNoise, ...reals };
    const made = await runUnit(units.generatorBackward, inputs);
    const { labels: fakeLabels } = onNoise as typeof onNoise & { labels?: Int32Array };
    const fakeLogits = await fakeLogitsOf(of, made.images, onNoise.dropoutSeed, fakeLabels);
    const real = await runUnit(separate.discriminatorReal, onReal);
    expect(made.loss[0]).toBeCloseTo(meanLoss(fakeLogits, real.logits), 5);
    const ratio = await slopeRatio(onNoise.generator, async (generator) => {
      const { loss, contribution } = await runUnit(units.generatorBackward, { ...inputs, generator });
      return { value: loss[0], gradient: withoutState(of, 'generator', contribution) };
    });
    expect(ratio).toBeCloseTo(1, 1);
  });
});

it('has one unit of pairs in place of a unit for real and one for fake images', () => {
  const { units, separate } = paired({});
  expect(Object.keys(units)).toEqual(['discriminatorPairs', 'generatorBackward', 'generatorSample']);
  expect(Object.keys(separate)).toEqual([
    ...['discriminatorReal', 'discriminatorFake', 'generatorBackward', 'generatorSample'],
  ]);
});
