import { matMul, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/**
 * The product of a few rows [R, K] with a large matrix [K, N]. It has no gradient of its own: whoever multiplies has a formula
 * for that.
 */
export function thinProduct(rows: Tensor, matrix: Tensor): Tensor {
  return nativeOr('ThinProductNative', { rows, matrix }, {}, () => [matMul(rows as Tensor2D, matrix as Tensor2D)])[0];
}
