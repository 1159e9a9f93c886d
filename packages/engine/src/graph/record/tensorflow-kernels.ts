/**
 * Kernels that run one operation of TensorFlow where tfjs composes several. Core's `nativeOr` asks for the kernels by
 * name, and its table says what each one computes. Only gradients ask for those in `GradientKernelName`.
 */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import type { NativeKernelName } from '@lstm-gan/core/step';
import type { TfeAttribute, TfeBinding } from '../../tensorflow/runtime/tfjs-node-binding.ts';
import type { AddonKernelName } from './addon-kernels.ts';
import { channelsLast, constant, execute, floatAttribute, floatType, intType, kernel } from './kernel-call.ts';
import { boolAttribute } from './kernel-call.ts';

const biasAdd = kernel(({ value, bias }, backend) =>
  execute(backend, 'BiasAdd', [value, bias], [floatType(backend.binding), channelsLast(backend.binding)]),
);

const biasAddGrad = kernel(({ dy }, backend) =>
  execute(backend, 'BiasAddGrad', [dy], [floatType(backend.binding), channelsLast(backend.binding)]),
);

const leakyReluAttributes = (binding: TfeBinding, alpha: unknown): TfeAttribute[] => [
  floatType(binding),
  floatAttribute(binding, 'alpha', alpha),
];

const leakyRelu = kernel(({ features }, backend, { alpha }) =>
  execute(backend, 'LeakyRelu', [features], leakyReluAttributes(backend.binding, alpha)),
);

const leakyReluGrad = kernel(({ dy, features }, backend, { alpha }) =>
  execute(backend, 'LeakyReluGrad', [dy, features], leakyReluAttributes(backend.binding, alpha)),
);

const batchNormAttributes = (binding: TfeBinding, epsilon: unknown): TfeAttribute[] => [
  floatType(binding),
  floatType(binding, 'U'),
  floatAttribute(binding, 'epsilon', epsilon),
  channelsLast(binding),
  boolAttribute(binding, 'is_training', true),
];

/** Returns y, mean, biased variance, and three values that only the gradient reads. */
const fusedBatchNorm = kernel(({ x, scale, offset }, backend, { epsilon }) => {
  const { binding } = backend;
  const none = constant(backend, new Float32Array(0), [0]);
  const attributes = [...batchNormAttributes(binding, epsilon), floatAttribute(binding, 'exponential_avg_factor', 1)];
  const inputs = [x, scale, offset, none, none];
  const [y, mean, unbiased, ...reserved] = execute(backend, 'FusedBatchNormV3', inputs, attributes, 6);
  // TensorFlow's batch_variance is unbiased: the sum of squares divided by count - 1.
  const count = x.shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const toBiased = constant(backend, Float32Array.of((count - 1) / count), []);
  return [y, mean, ...execute(backend, 'Mul', [unbiased, toBiased], [floatType(binding)]), ...reserved];
});

const fusedBatchNormGrad = kernel(({ dy, x, scale, space1, space2, space3 }, backend, { epsilon }) => {
  const inputs = [dy, x, scale, space1, space2, space3];
  return execute(backend, 'FusedBatchNormGradV3', inputs, batchNormAttributes(backend.binding, epsilon), 5).slice(0, 3);
});

/** A kernel for a stateless random operation: its numbers depend on the seed and the shape alone. */
const stateless = (op: string): KernelFunc =>
  kernel(({ seed }, backend, { shape }) => {
    const { binding } = backend;
    const lengths = Int32Array.from(shape as number[]);
    const attributes = [floatType(binding, 'dtype'), intType(binding, 'T'), intType(binding, 'Tseed')];
    return execute(backend, op, [constant(backend, lengths, [lengths.length]), seed], attributes);
  });

/** Kernels that only gradients ask for. */
export type GradientKernelName = 'BiasAddGradNative' | 'LeakyReluGradNative' | 'FusedBatchNormGradNative';

/** Kernels for every device. */
export const tensorflowKernels: Readonly<
  Record<Exclude<NativeKernelName, AddonKernelName> | GradientKernelName, KernelFunc>
> = {
  BiasAddNative: biasAdd,
  BiasAddGradNative: biasAddGrad,
  LeakyReluNative: leakyRelu,
  LeakyReluGradNative: leakyReluGrad,
  FusedBatchNormNative: fusedBatchNorm,
  FusedBatchNormGradNative: fusedBatchNormGrad,
  StatelessUniformNative: stateless('StatelessRandomUniform'),
  StatelessNormalNative: stateless('StatelessRandomNormal'),
};
