import { expect, it } from 'vitest';
import { createInitialWeights } from './model/initial-weights.ts';
import { modelConfigSchema } from './model/model-config.ts';
import { createLayouts } from './model/network.ts';
import { presets, type PresetName } from './presets.ts';
import { countParameters, entryView } from './weights/layout.ts';

const modelOf = (name: PresetName) => {
  const preset = presets.get(name);
  if (preset === undefined) throw new Error(name);
  return preset.model;
};

it.each<[PresetName, number, number]>([
  ['article', 1_544_003, 675_265],
  ['article-no-lstm', 1_412_419, 675_265],
  ['rows', 1_682_115, 675_265],
  ['rows-large', 5_850_947, 675_265],
  ['dcgan-article', 1_496_963, 675_265],
  ['dcgan-rows', 1_633_187, 675_265],
  ['dense', 13_281_536, 675_265],
  ['digits', 1_915_393, 660_929],
])('%s has %i generator and %i discriminator parameters', (name, generator, discriminator) => {
  const layouts = createLayouts(modelOf(name));
  expect(countParameters(layouts.generator)).toBe(generator);
  expect(countParameters(layouts.discriminator)).toBe(discriminator);
});

it('contains only configurations that the schema accepts', () => {
  for (const { model } of presets.values()) expect(modelConfigSchema.parse(model)).toEqual(model);
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
