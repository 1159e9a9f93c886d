import { add, type Tensor } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

/** x + bias along the last axis: [..., C] + [C]. */
export function biasAdd(value: Tensor, bias: Tensor): Tensor {
  return nativeOr('BiasAddNative', { value, bias }, {}, () => [add(value, bias)])[0];
}
