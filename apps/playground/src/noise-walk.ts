import { noiseBetween, normalNoise, streamKey } from '@lstm-gan/core';

const lastSeed = 2 ** 32 - 1;

/** The seed after one; the last is followed by the first. */
export function nextSeed(seed: number): number {
  return seed === lastSeed ? 0 : seed + 1;
}

/** Noise on the way from one seed to the next: `position` 0 is the seed's own, the noise of `lstm-gan sample --seed`. */
export function noiseAt(seed: number, position: number, numbers: number): Float32Array {
  const noiseOf = (start: number) => normalNoise(streamKey({ seed: start, purpose: 'sample-noise' }), numbers);
  const from = noiseOf(seed);
  return position === 0 ? from : noiseBetween(from, noiseOf(nextSeed(seed)), position);
}
