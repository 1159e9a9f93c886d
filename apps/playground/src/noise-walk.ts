import { normalNoise, streamKey } from '@lstm-gan/core';

const lastSeed = 2 ** 32 - 1;

/** The seed after one; the last is followed by the first. */
export function nextSeed(seed: number): number {
  return seed === lastSeed ? 0 : seed + 1;
}

/**
 * Noise on the way from one seed to the next: `position` 0 is the seed's own, the noise of `lstm-gan sample --seed`. On a
 * quarter circle between independent normal numbers, each point is standard normal too; on a line the middle would not be.
 */
export function noiseAt(seed: number, position: number, numbers: number): Float32Array {
  const noiseOf = (start: number) => normalNoise(streamKey({ seed: start, purpose: 'sample-noise' }), numbers);
  const from = noiseOf(seed);
  if (position === 0) return from;
  const to = noiseOf(nextSeed(seed));
  const angle = (position * Math.PI) / 2;
  return from.map((value, i) => Math.cos(angle) * value + Math.sin(angle) * to[i]);
}
