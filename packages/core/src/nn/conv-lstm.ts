import { reshape, transpose, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';
import { patchArea, patches, sumPatches, type MapSize } from './patches.ts';
import { runLstm } from './run-lstm.ts';

/**
 * A convolutional LSTM (Shi et al., 2015, without peepholes): [B, T, H * W, F] -> [B, T, H * W, U]. Input, state and
 * output of a time step are maps, and 3 x 3 SAME convolutions of stride 1 take the place of the LSTM's products.
 */
export function convLstm(name: string, size: MapSize, features: number, units: number): Layer {
  const kernel = (suffix: string, inputs: number) => ({
    name: name + suffix,
    shape: [3, 3, inputs, 4 * units],
    role: 'trainable' as const,
    initializer: { kind: 'glorot' as const, fanIn: patchArea * inputs, fanOut: patchArea * 4 * units },
  });
  return {
    parameters: [
      kernel('/kernel', features),
      kernel('/recurrentKernel', units),
      { name: `${name}/bias`, shape: [4 * units], role: 'trainable', initializer: { kind: 'forget-gate-one' } },
    ],
    apply(x, { parameter }) {
      const [batch, steps, positions] = x.shape as [number, number, number, number];
      const maps = reshape(transpose(x, [1, 0, 2, 3]), [steps * batch * positions, features]); // [T * B * H * W, F]
      const matrix = (suffix: string, inputs: number) =>
        reshape(parameter(name + suffix), [patchArea * inputs, 4 * units]) as Tensor2D;
      const hidden = runLstm(
        {
          x: patches(maps, size) as Tensor2D,
          kernel: matrix('/kernel', features),
          recurrentKernel: matrix('/recurrentKernel', units),
          bias: parameter(`${name}/bias`),
          steps,
        },
        { gather: (rows) => patches(rows, size), scatter: (rows) => sumPatches(rows, size) },
      );
      return transpose(reshape(hidden, [steps, batch, positions, units]), [1, 0, 2, 3]);
    },
  };
}
