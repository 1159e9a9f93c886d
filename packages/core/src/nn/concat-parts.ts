import { concat, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/** Concatenates the values of the tensors into a vector [sum of their sizes]. The operation has no gradient. */
export function concatParts(parts: readonly Tensor[]): Tensor {
  const inputs = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
  return nativeOr('ConcatPartsNative', inputs, {}, () => [concat(parts.map((part) => reshape(part, [-1])))])[0];
}
