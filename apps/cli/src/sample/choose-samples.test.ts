import { presets, sampleNoise, type ModelConfig } from '@lstm-gan/core';
import { gridSamples } from '@lstm-gan/coordinator/program';
import { describe, expect, it } from 'vitest';
import { chooseSamples, type SampleChoice } from './choose-samples.ts';

const plain = { model: { ...(presets.get('digits')?.model as ModelConfig), latent: 2 } };
const conditional = {
  model: { ...plain.model, condition: { kind: 'label', classes: 3, embedding: 2 } as const },
  classes: ['cats', 'dogs', 'dogs/small'].map((name) => ({ name, images: 5 })),
};
/** The shares of the classes of each image. */
const rowsOf = (choice: Partial<SampleChoice>): number[][] => {
  const { classes = new Float32Array(0) } = chooseSamples(conditional, { seed: 1, ...choice });
  return Array.from({ length: classes.length / 3 }, (_, image) => [...classes.subarray(3 * image, 3 * image + 3)]);
};
const labelsOf = (choice: Partial<SampleChoice>) => rowsOf(choice).map((row) => row.indexOf(1));

it('draws as before from a model without classes', () => {
  expect(chooseSamples(plain, { seed: 4 })).toEqual(gridSamples(plain.model, 4));
  expect(chooseSamples(plain, { seed: 4, count: 7 })).toEqual({ noise: sampleNoise(plain.model, 7, 4) });
  const { noise, columns } = chooseSamples(plain, { seed: 4, count: 2, interpolate: 3 });
  const ends = sampleNoise(plain.model, 4, 4);
  expect([noise.length, columns]).toEqual([2 * 3 * 2, 3]);
  expect([...noise.subarray(0, 2), ...noise.subarray(4, 6)]).toEqual([...ends.subarray(0, 4)]);
});

describe('of a conditional model', () => {
  it("draws training's grid, or images of one class, or of all classes one after the other", () => {
    expect(chooseSamples(conditional, { seed: 4 })).toEqual(gridSamples(conditional.model, 4));
    expect(labelsOf({ class: 'dogs' })).toEqual(Array(64).fill(1));
    expect(labelsOf({ class: 'dogs/small', count: 2 })).toEqual([2, 2]);
    expect(labelsOf({ count: 7 })).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(labelsOf({ count: 2 })).toEqual([0, 1]);
  });

  it('draws the same noise for one class as for another', () => {
    const noiseOf = (name: string) => chooseSamples(conditional, { seed: 4, class: name }).noise;
    expect(noiseOf('cats')).toEqual(noiseOf('dogs'));
  });

  it('interpolates within a class: the given one, or another in each row', () => {
    expect(labelsOf({ interpolate: 2, count: 4 })).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
    expect(labelsOf({ interpolate: 2, count: 2, class: 'dogs' })).toEqual([1, 1, 1, 1]);
  });

  it('goes from one class to another with the noise of the row', () => {
    const choice = { interpolate: 3, count: 2, class: 'cats', toClass: 'dogs/small' };
    expect(rowsOf(choice).slice(3)).toEqual([
      [1, 0, 0],
      [0.5, 0, 0.5],
      [0, 0, 1],
    ]);
    const { noise, columns } = chooseSamples(conditional, { seed: 4, ...choice });
    const vectors = sampleNoise(conditional.model, 2, 4);
    expect([...noise.subarray(6)]).toEqual([2, 3, 2, 3, 2, 3].map((i) => vectors[i]));
    expect(columns).toBe(3);
    expect(rowsOf({ ...choice, interpolate: 1 })).toEqual([
      [1, 0, 0],
      [1, 0, 0],
    ]);
  });

  it.each<[Partial<SampleChoice>, string, string]>([
    [{ class: 'dog' }, 'There is no class dog; there are cats, dogs, dogs/small.', 'Did you mean dogs?'],
    [{ class: 'zebra' }, 'There is no class zebra', 'Choose one of them with --class.'],
    [{ toClass: 'dogs', interpolate: 3 }, 'it needs both', '--class 3'],
    [{ class: 'cats', toClass: 'dogs' }, 'it needs both', '--interpolate 12'],
  ])('refuses %j', (choice, message, advice) => {
    expect(() => chooseSamples(conditional, { seed: 1, ...choice })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        advice: expect.stringContaining(advice),
      }) as Error,
    );
  });
});

it('refuses a class of a model without classes', () => {
  expect(() => chooseSamples(plain, { seed: 1, class: '7' })).toThrow('The model has no classes');
});
