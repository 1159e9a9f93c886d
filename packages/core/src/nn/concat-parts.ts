import { concat, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/** The values of some tensors, one after the other, as a vector [sum of their sizes]. It has no gradient. */
export function concatParts(parts: readonly Tensor[]): Tensor {
  const inputs = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
  return nativeOr('ConcatPartsNative', inputs, {}, () => [concat(parts.map((part) => reshape(part, [-1])))])[0];
}
