/**
 * Random tensors as a function of a key tensor (int32 [2]), so that a traced graph draws new numbers when it runs with
 * another key. On a backend without the native kernels the numbers are computed in TypeScript. Uniform numbers then
 * have the same bits as those of the native kernel; normal numbers agree with the native ones up to rounding.
 */
import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import { statelessBits, statelessUniform } from '../random/stateless-uniform.ts';
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
    tensor(boxMuller(seed.dataSync(), sizeOf(shape)), shape),
  ])[0];
}

function boxMuller(seed: ArrayLike<number>, count: number): Float32Array {
  const bits = statelessBits(seed, count + (count % 2));
  const unit = (value: number) => (value & 0x7fffff) / 0x800000;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(Math.max(unit(bits[i]), 1e-7)));
    const angle = 2 * Math.PI * unit(bits[i + 1]);
    values[i] = Math.sin(angle) * radius;
    if (i + 1 < count) values[i + 1] = Math.cos(angle) * radius;
  }
  return values;
}
