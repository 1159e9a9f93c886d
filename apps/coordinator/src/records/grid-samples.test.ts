import { presets, sampleNoise, type ModelConfig } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { gridSamples, randomSamples } from './grid-samples.ts';

const modelOf = (name: string) => presets.get(name)?.model as ModelConfig;

it('draws a grid of 64 images, and of a conditional model a row for each class, all rows of the same noise', () => {
  const digits = modelOf('digits');
  expect(gridSamples(digits, 3)).toEqual({ noise: sampleNoise(digits, 64, 3) });
  const model = modelOf('conditional');
  const { noise, classes = new Float32Array(0), columns } = gridSamples(model, 3);
  expect([noise.length, classes.length, columns]).toEqual([80 * model.latent, 80 * 10, 8]);
  const row = sampleNoise(model, 8, 3);
  for (let label = 0; label < 10; label++) {
    expect(noise.subarray(label * row.length, (label + 1) * row.length)).toEqual(row);
    for (let image = 8 * label; image < 8 * (label + 1); image++)
      expect([...classes.subarray(10 * image, 10 * (image + 1))].indexOf(1)).toBe(label);
  }
});

it('shows the first 32 of many classes', () => {
  const model: ModelConfig = { ...modelOf('conditional'), condition: { kind: 'label', classes: 500, embedding: 2 } };
  expect(gridSamples(model, 3).noise).toHaveLength(32 * 8 * model.latent);
});

it('draws random samples of each class as often as the data have images of it', () => {
  const model = modelOf('conditional');
  const classes = Array.from({ length: 10 }, (_, label) => ({ name: String(label), images: label < 2 ? 50 : 0 }));
  const { classes: rows = new Float32Array(0), noise } = randomSamples({ model, classes }, 100, 3);
  expect(noise).toEqual(sampleNoise(model, 100, 3));
  const labels = Array.from({ length: 100 }, (_, image) => [...rows.subarray(10 * image, 10 * image + 10)].indexOf(1));
  expect(new Set(labels)).toEqual(new Set([0, 1]));
  expect(randomSamples({ model: modelOf('digits') }, 5, 3)).toEqual({ noise: sampleNoise(modelOf('digits'), 5, 3) });
});
