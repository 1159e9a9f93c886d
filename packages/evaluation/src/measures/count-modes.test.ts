import { normalNoise, streamKey } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { countModes, gridOfGaussians, ringOfGaussians, type Modes } from './count-modes.ts';

/** Points of the first modes, each from its own distribution. */
function drawPoints({ centres, deviation }: Modes, modes: number, count = 2000) {
  const noise = normalNoise(streamKey({ seed: 1, purpose: 'probe' }), 2 * count);
  const values = noise.map((z, i) => centres[(i >> 1) % modes][i % 2] + deviation * z);
  return { values, width: 2 };
}

it.each([
  ['ring', ringOfGaussians, 8],
  ['grid', gridOfGaussians, 25],
])('finds the modes of the %s, and 98.9 % of their points within 3 deviations', (_name, modes, all) => {
  const { found, near } = countModes(drawPoints(modes, all), modes);
  expect(found).toBe(all);
  // exp(-9 / 2) of a normal distribution in the plane lies outside 3 deviations.
  expect(near).toBeCloseTo(1 - Math.exp(-4.5), 2);
  expect(countModes(drawPoints(modes, 3), modes).found).toBe(3);
});

it('counts no mode for points between modes', () => {
  expect(countModes({ values: Float32Array.of(0, 0, 2.1, 0), width: 2 }, ringOfGaussians)).toEqual({
    found: 0,
    near: 0,
  });
});
