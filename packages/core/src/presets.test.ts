import { expect, it } from 'vitest';
import { createInitialWeights } from './model/initial-weights.ts';
import { modelConfigSchema, type GeneratorConfig } from './model/model-config.ts';
import { createLayouts } from './model/network.ts';
import { oneLstm, presets, type PresetName } from './presets.ts';
import { countParameters, entryView } from './weights/layout.ts';

const modelOf = (name: PresetName) => presets.get(name).model;

it.each<[PresetName, number, number]>([
  ['article', 1_544_003, 675_265],
  ['article-no-lstm', 1_412_419, 675_265],
  ['rows', 1_682_115, 675_265],
  ['rows-large', 5_850_947, 675_265],
  ['dcgan-article', 1_496_963, 675_265],
  ['dcgan-rows', 1_633_187, 675_265],
  ['dense', 13_281_536, 675_265],
  ['digits', 1_915_393, 660_929],
  // An embedding [10, 8], and 8 more inputs of the Dense layer and of the LSTM. The discriminator has one more feature,
  // and a row of 4097 for each of 10 classes.
  ['conditional', 1_915_393 + 10 * 8 + 8 * 2048 + 8 * 2048, 660_929 + 1 + 10 * 4097],
  // One more feature, the minibatch standard deviation.
  ['stable', 1_682_115, 675_265 + 1],
  ['small-data', 1_682_115, 675_265 + 1],
  ['relativistic', 1_682_115, 675_265],
  ['wgan-gp', 1_682_115, 675_265],
  ['hinge-sn', 1_682_115, 675_265],
])('%s has %i generator and %i discriminator parameters', (name, generator, discriminator) => {
  const layouts = createLayouts(modelOf(name));
  expect(countParameters(layouts.generator)).toBe(generator);
  expect(countParameters(layouts.discriminator)).toBe(discriminator);
});

/** Other recurrent layers in the preset `rows`, whose LSTM has 4 (128 512 + 512 512 + 512) = 1,312,768 parameters. */
it.each<[string, object, number]>([
  // 3 (128 512 + 512 512 + 512)
  ['a GRU', { cell: 'gru' }, 984_576],
  // the second layer: 4 (512 512 + 512 512 + 512)
  ['two layers', { layers: 2 }, 1_312_768 + 2_099_200],
  // two of 4 (128 256 + 256 256 + 256)
  ['both directions', { bidirectional: true }, 788_480],
  // the LSTM reads 5 numbers more, and the first Dense layer of 1,024 units reads 8 x 5 fewer
  ['noise at every step', { stepNoise: 5 }, 1_312_768 + 4 * 5 * 512 - 40 * 1024],
  // 64 positions; 4 (16 64 + 64 64 + 64)
  ['raster order', { block: [1, 1], steps: 64, stepSize: 16, lstm: 64 }, 20_736],
  // 16 positions of 16 features; 4 (9 16 64 + 9 64 64 + 64)
  ['a convolutional LSTM', { cell: 'conv-lstm', block: [4, 4], steps: 4, stepSize: 256, lstm: 64 }, 184_576],
])('rows with %s has the parameters that the formula of its layer gives', (_name, changes, parameters) => {
  const model = modelOf('rows');
  const generator = { ...model.generator, ...changes } as GeneratorConfig;
  const { generator: layout } = createLayouts({ ...model, generator });
  expect(countParameters(layout)).toBe(1_682_115 - 1_312_768 + parameters);
});

it('contains only configurations that the schema accepts', () => {
  for (const { model } of presets.values()) expect(modelConfigSchema.parse(model)).toEqual(model);
});

it('takes a model from before the fields of the recurrent layer', () => {
  const model = modelOf('article');
  const old: Record<string, unknown> = { ...model.generator };
  for (const field of Object.keys(oneLstm)) delete old[field];
  expect(modelConfigSchema.parse({ ...model, generator: old })).toEqual(model);
});

it('derives initial weights from the seed, with an orthogonal recurrent kernel and forget-gate biases of 1', () => {
  const model = modelOf('article');
  const weights = createInitialWeights(model, 'generator', 7);
  const equals = (other: Float32Array) => Buffer.from(other.buffer).equals(Buffer.from(weights.buffer));
  expect(equals(createInitialWeights(model, 'generator', 7))).toBe(true);
  expect(equals(createInitialWeights(model, 'generator', 8))).toBe(false);
  const entries = new Map(createLayouts(model).generator.entries.map((entry) => [entry.name, entry]));
  const view = (name: string) => entryView(weights, entries.get(name) as never);
  const kernel = view('lstm/recurrentKernel');
  const row = (k: number) => kernel.subarray(k * 512, (k + 1) * 512);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  expect(dot(row(3), row(3))).toBeCloseTo(1, 5);
  expect(dot(row(3), row(100))).toBeCloseTo(0, 5);
  expect([...view('lstm/bias')]).toEqual([...Array(128).fill(0), ...Array(128).fill(1), ...Array(256).fill(0)]);
  expect(view('norm0/movingVariance').every((value) => value === 1)).toBe(true);
  const glorot = view('dense0/kernel');
  expect(Math.max(...glorot)).toBeLessThanOrEqual(Math.sqrt(6 / 356));
  expect(Math.max(...glorot)).toBeGreaterThan(0.99 * Math.sqrt(6 / 356));
});
