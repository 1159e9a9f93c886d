import { matMul, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/** Products of a few rows with a large matrix, without a gradient of their own: whoever multiplies has a formula for it. */

/** rows [R, K] times matrix [K, N]. */
export function thinProduct(rows: Tensor, matrix: Tensor): Tensor {
  return nativeOr('ThinProductNative', { rows, matrix }, { transposed: 0 }, () => [matMul(rows as Tensor2D, matrix as Tensor2D)])[0];
}

/** rows [R, K] times the transpose of matrix [N, K]. */
export function thinProductTransposed(rows: Tensor, matrix: Tensor): Tensor {
  return nativeOr('ThinProductNative', { rows, matrix }, { transposed: 1 }, () => [matMul(rows as Tensor2D, matrix as Tensor2D, false, true)])[0];
}
