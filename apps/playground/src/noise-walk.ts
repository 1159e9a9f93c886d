import { noiseBetween, normalNoise, streamKey } from '@lstm-gan/core';

const lastSeed = 2 ** 32 - 1;

/** The next seed. After the last seed comes seed 0. */
export function nextSeed(seed: number): number {
  return seed === lastSeed ? 0 : seed + 1;
}

/**
 * Returns an array of `numbers` values of noise, between the noise of a seed and that of the next seed. `position` 0
 * gives the noise of the seed, which is the noise of `lstm-gan sample --seed`; 1 gives the noise of the next seed.
 */
export function noiseAt(seed: number, position: number, numbers: number): Float32Array {
  const noiseOf = (start: number) => normalNoise(streamKey({ seed: start, purpose: 'sample-noise' }), numbers);
  const from = noiseOf(seed);
  return position === 0 ? from : noiseBetween(from, noiseOf(nextSeed(seed)), position);
}
