import { concat, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/** The numbers of some tensors, one behind the other, as a vector [size]. It has no gradient. */
export function join(parts: readonly Tensor[]): Tensor {
  const inputs = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
  return nativeOr('JoinNative', inputs, {}, () => [concat(parts.map((part) => reshape(part, [-1])))])[0];
}
