import { matMul, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';

/** x W, without a bias: [B, F] -> [B, U]. */
export function linear(name: string, inputs: number, units: number): Layer {
  const kernel = `${name}/kernel`;
  return {
    parameters: [
      {
        name: kernel,
        shape: [inputs, units],
        role: 'trainable',
        initializer: { kind: 'glorot', fanIn: inputs, fanOut: units },
      },
    ],
    apply: (x, { parameter }) => matMul(x as Tensor2D, parameter(kernel) as Tensor2D),
  };
}
