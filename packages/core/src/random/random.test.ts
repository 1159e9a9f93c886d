import { expect, it } from 'vitest';
import { drawLabels } from './draw-labels.ts';
import { normalNoise } from './normal-noise.ts';
import { permutation } from './permutation.ts';
import { statelessUniform } from './stateless-uniform.ts';
import { streamKey, type StreamPlace } from './stream-key.ts';

it('gives different places different streams, and equal places the same stream', () => {
  const places: StreamPlace[] = [
    { seed: 1, purpose: 'noise', step: 1, shard: 0 },
    { seed: 1, purpose: 'noise', step: 1, shard: 1 },
    { seed: 1, purpose: 'noise', step: 2, shard: 0 },
    { seed: 1, purpose: 'noise', step: 1, shard: 0, phase: 'generator' },
    { seed: 1, purpose: 'noise', step: 1, shard: 0, turn: 1 },
    { seed: 1, purpose: 'noise', step: 1, shard: 0, turn: 2 },
    { seed: 1, purpose: 'dropout-real', step: 1, shard: 0 },
    { seed: 2, purpose: 'noise', step: 1, shard: 0 },
  ];
  const keys = places.map((place) => [...streamKey(place)].join());
  expect(new Set(keys).size).toBe(places.length);
  expect(places.map((place) => [...streamKey(place)].join())).toEqual(keys);
  expect(streamKey({ ...places[0], turn: 0 })).toEqual(streamKey(places[0]));
});

it('draws standard normal numbers', () => {
  const values = normalNoise(streamKey({ seed: 3, purpose: 'noise' }), 100_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const beyond2 = values.reduce((count, value) => count + (Math.abs(value) > 2 ? 1 : 0), 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  expect(Math.abs(beyond2 - 0.0455)).toBeLessThan(0.003);
});

it('draws uniform numbers in [0, 1), and a shorter stream is a prefix of a longer one', () => {
  const values = statelessUniform([7, -3], 10_001);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(statelessUniform([7, -3], 6)).toEqual(values.slice(0, 6));
  expect(statelessUniform([7, 3], 6)).not.toEqual(values.slice(0, 6));
});

it('returns every number once, in another order for another key', () => {
  const order = permutation([1, 2], 1000);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(permutation([1, 3], 1000)).not.toEqual(order);
});

it('draws labels as often as the frequencies say, and a shorter stream is a prefix of a longer one', () => {
  const labels = drawLabels([5, 6], 10_000, [30, 0, 10, 60]);
  const shares = [0, 1, 2, 3].map((label) => labels.filter((value) => value === label).length / labels.length);
  expect(shares).toEqual([0.3, 0, 0.1, 0.6].map((share) => expect.closeTo(share, 1)));
  expect(shares[1]).toBe(0);
  expect(drawLabels([5, 6], 7, [30, 0, 10, 60])).toEqual(labels.slice(0, 7));
  expect(drawLabels([5, 7], 10_000, [30, 0, 10, 60])).not.toEqual(labels);
});
