import { interpolateNoise, normalNoise, streamKey } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { nextSeed, noiseAt } from './noise-walk.ts';

const count = 20_000;

it('begins with the noise that lstm-gan sample draws for the seed, and ends with that of the next seed', () => {
  const noiseOf = (seed: number) => normalNoise(streamKey({ seed, purpose: 'sample-noise' }), count);
  expect(noiseAt(7, 0, count)).toEqual(noiseOf(7));
  const far = noiseAt(7, 1, count);
  expect(noiseOf(8).every((value, i) => Math.abs(value - far[i]) < 1e-6)).toBe(true);
});

it('gives the same noise as lstm-gan sample --interpolate', () => {
  expect(noiseAt(7, 0.25, count)).toEqual(
    interpolateNoise(noiseAt(7, 0, count), noiseAt(8, 0, count), 5).slice(count, 2 * count),
  );
});

it('is standard normal between two seeds too', () => {
  const middle = noiseAt(7, 0.5, count);
  const variance = middle.reduce((sum, value) => sum + value * value, 0) / count;
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});

it('goes from the last seed to the first', () => {
  expect(nextSeed(7)).toBe(8);
  expect(nextSeed(2 ** 32 - 1)).toBe(0);
});
