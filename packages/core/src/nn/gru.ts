import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Layer, ParameterSpec } from './layer.ts';
import { overTime } from './over-time.ts';
import { recurrentKernel } from './recurrent-kernel.ts';
import { runGru } from './run-gru.ts';

/** A GRU, by the formulas of run-gru.ts: [B, T, F] -> [B, T, U], the output of every time step. */
export function gru(name: string, features: number, units: number): Layer {
  const parameters: ParameterSpec[] = [
    {
      name: `${name}/kernel`,
      shape: [features, 3 * units],
      role: 'trainable',
      initializer: { kind: 'glorot', fanIn: features, fanOut: 3 * units },
    },
    recurrentKernel(`${name}/recurrentKernel`, units, 2 * units),
    recurrentKernel(`${name}/candidateKernel`, units, units),
    { name: `${name}/bias`, shape: [3 * units], role: 'trainable', initializer: { kind: 'constant', value: 0 } },
  ];
  return {
    parameters,
    apply(x, { parameter }) {
      const weights = {
        kernel: parameter(`${name}/kernel`) as Tensor2D,
        gateKernel: parameter(`${name}/recurrentKernel`) as Tensor2D,
        candidateKernel: parameter(`${name}/candidateKernel`) as Tensor2D,
        bias: parameter(`${name}/bias`),
      };
      return overTime(x, units, (rows, steps) => runGru({ x: rows, ...weights, steps }));
    },
  };
}
