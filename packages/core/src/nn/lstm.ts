import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';
import { overTime } from './over-time.ts';
import { recurrentKernel } from './recurrent-kernel.ts';
import { runLstm } from './run-lstm.ts';

/** An LSTM, by the formulas of run-lstm.ts: [B, T, F] -> [B, T, U], the output of every time step. */
export function lstm(name: string, features: number, units: number): Layer {
  return {
    parameters: [
      {
        name: `${name}/kernel`,
        shape: [features, 4 * units],
        role: 'trainable',
        initializer: { kind: 'glorot', fanIn: features, fanOut: 4 * units },
      },
      recurrentKernel(`${name}/recurrentKernel`, units, 4 * units),
      { name: `${name}/bias`, shape: [4 * units], role: 'trainable', initializer: { kind: 'forget-gate-one' } },
    ],
    apply(x, { parameter }) {
      const weights = {
        kernel: parameter(`${name}/kernel`) as Tensor2D,
        recurrentKernel: parameter(`${name}/recurrentKernel`) as Tensor2D,
        bias: parameter(`${name}/bias`),
      };
      return overTime(x, units, (rows, steps) => runLstm({ x: rows, ...weights, steps }));
    },
  };
}
