import { add, moments, mul, reshape, rsqrt, sub, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { movingMeanSuffix, movingVarianceSuffix } from '../weights/state-names.ts';
import type { Layer, ParameterSpec } from './layer.ts';
import { nativeOr } from './native-kernel.ts';

const epsilon = 1e-3;

/**
 * Batch normalisation over every axis but the last (Ioffe & Szegedy, 2015): batch statistics with biased variance in
 * training, moving averages in inference. [..., channels] -> [..., channels]; epsilon is 0.001.
 */
export function batchNorm(name: string, channels: number): Layer {
  const part = (suffix: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `${name}${suffix}`,
    shape: [channels],
    role,
    initializer: { kind: 'constant', value },
  });
  return {
    parameters: [
      part('/gamma', 'trainable', 1),
      part('/beta', 'trainable', 0),
      part(movingMeanSuffix, 'state', 0),
      part(movingVarianceSuffix, 'state', 1),
    ],
    apply(x, { parameter, training, onStatistics }) {
      const gamma = parameter(`${name}/gamma`);
      const beta = parameter(`${name}/beta`);
      if (!training) {
        return normalize(x, parameter(name + movingMeanSuffix), parameter(name + movingVarianceSuffix), gamma, beta);
      }
      const image = x.rank === 4 ? x : reshape(x, [-1, 1, 1, channels]);
      const [y, mean, variance] = nativeOr(
        'FusedBatchNormNative',
        { x: image, scale: gamma, offset: beta },
        { epsilon },
        () => {
          const statistics = moments(image, [0, 1, 2]);
          return [
            normalize(image, statistics.mean, statistics.variance, gamma, beta),
            statistics.mean,
            statistics.variance,
          ];
        },
      );
      onStatistics?.(name, mean as Tensor1D, variance as Tensor1D);
      return reshape(y, x.shape);
    },
  };
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta, along the last axis. */
function normalize(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor): Tensor {
  const scale = mul(gamma, rsqrt(add(variance, epsilon))); // [C]
  return add(mul(sub(x, mean), scale), beta);
}
