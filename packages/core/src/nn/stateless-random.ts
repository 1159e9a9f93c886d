/**
 * Random tensors as a function of a key tensor (int32 [2]), so that a traced graph draws new numbers when it runs with
 * another key. On a backend without the native kernels the numbers are computed in TypeScript. They have the same bits
 * as those of our native kernels. TensorFlow's normal numbers, which GPUs use, agree with them up to rounding.
 */
import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import { statelessNormal } from '../random/stateless-normal.ts';
import { statelessUniform } from '../random/stateless-uniform.ts';
import { nativeOr } from './native-kernel.ts';

const sizeOf = (shape: number[]) => shape.reduce((product, length) => product * length, 1);

/** Floats in [0, 1). */
export function randomUniform(seed: Tensor, shape: number[]): Tensor {
  return nativeOr('StatelessUniformNative', { seed }, { shape }, () => [
    tensor(statelessUniform(seed.dataSync(), sizeOf(shape)), shape),
  ])[0];
}

/** Standard normal floats, computed by the method of Box and Muller, as in TensorFlow. */
export function randomNormal(seed: Tensor, shape: number[]): Tensor {
  return nativeOr('StatelessNormalNative', { seed }, { shape }, () => [
    tensor(statelessNormal(seed.dataSync(), sizeOf(shape)), shape),
  ])[0];
}
