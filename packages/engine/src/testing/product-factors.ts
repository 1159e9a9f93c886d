import { normalNoise } from '@lstm-gan/core';

export const productSize = 256;

/** Returns two square matrices. Every call returns the same two. */
export function factors(): { a: Float32Array; b: Float32Array } {
  return { a: normalNoise([1, 9], productSize ** 2), b: normalNoise([2, 9], productSize ** 2) };
}
