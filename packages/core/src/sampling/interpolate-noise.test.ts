import { expect, it } from 'vitest';
import { interpolateNoise, noiseBetween } from './interpolate-noise.ts';

it('goes from one noise vector to the other on the circle between them', () => {
  expect([...interpolateNoise(Float32Array.of(2, 0), Float32Array.of(0, 2), 3)]).toEqual(
    [2, 0, Math.fround(Math.SQRT2), Math.fround(Math.SQRT2), 0, 2].map((x) => expect.closeTo(x, 6)),
  );
});

it('computes the point at any position between the two', () => {
  const [a, b] = [Float32Array.of(0.1, -2, 3), Float32Array.of(1, 0.7, -0.2)];
  expect(noiseBetween(a, b, 0.25)).toEqual(interpolateNoise(a, b, 5).slice(3, 6));
});

it('keeps both ends unchanged, and uses a straight line between parallel vectors', () => {
  const [a, b] = [Float32Array.of(0.1, -2, 3), Float32Array.of(1, 0.7, -0.2)];
  const points = interpolateNoise(a, b, 5);
  expect([...points.subarray(0, 3), ...points.subarray(12)]).toEqual([...a, ...b]);
  expect([...interpolateNoise(a, a, 2)]).toEqual([...a, ...a]);
  expect([...interpolateNoise(Float32Array.of(1, 1), Float32Array.of(3, 3), 3)]).toEqual([1, 1, 2, 2, 3, 3]);
});
