import { matMul, reshape, type Tensor2D } from '@tensorflow/tfjs-core';
import { biasAdd } from './bias-add.ts';
import type { Layer } from './layer.ts';

/** x W + b along the last axis, [..., inputs] -> [..., units]; every other axis is a batch axis. */
export function dense(name: string, inputs: number, units: number): Layer {
  return {
    parameters: [
      {
        name: `${name}/kernel`,
        shape: [inputs, units],
        role: 'trainable',
        initializer: { kind: 'glorot', fanIn: inputs, fanOut: units },
      },
      { name: `${name}/bias`, shape: [units], role: 'trainable', initializer: { kind: 'constant', value: 0 } },
    ],
    apply(x, { parameter }) {
      const rows = reshape(x, [-1, inputs]); // [B * T, F]
      const product = matMul(rows, parameter(`${name}/kernel`) as Tensor2D); // [B * T, U]
      return reshape(biasAdd(product, parameter(`${name}/bias`)), [...x.shape.slice(0, -1), units]);
    },
  };
}
