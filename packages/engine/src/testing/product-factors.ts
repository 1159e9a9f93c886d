import { normalNoise } from '@lstm-gan/core';

export const productSize = 256;

/** Two square matrices, the same at each call. */
export function factors(): { a: Float32Array; b: Float32Array } {
  return { a: normalNoise([1, 9], productSize ** 2), b: normalNoise([2, 9], productSize ** 2) };
}
