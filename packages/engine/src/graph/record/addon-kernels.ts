/**
 * Kernels that run an operation of our own addon (`native/kernels`). They exist for the CPU alone; on a GPU core's
 * composition of tfjs operations runs instead. Core's `nativeOr` asks for the kernels by name, and its table says what
 * each one computes. Only the gradient of DropoutNative asks for DropoutGradNative.
 */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { NodeBackend, TfeAttribute, TfeBinding } from '../../tensorflow/runtime/tfjs-node-binding.ts';
import {
  boolAttribute,
  constant,
  execute,
  floatAttribute,
  floatType,
  intAttribute,
  intType,
  kernel,
  type KernelAttributes,
} from './kernel-call.ts';

const dropoutAttributes = (binding: TfeBinding, { rate, scale }: KernelAttributes): TfeAttribute[] => [
  floatAttribute(binding, 'rate', rate),
  floatAttribute(binding, 'scale', scale),
];

/** Returns the result of dropout, and the mask that the gradient of dropout reads. */
const dropout = kernel(({ features, seed }, backend, attributes) =>
  execute(backend, 'LstmGanDropout', [features, seed], dropoutAttributes(backend.binding, attributes), 2),
);

const dropoutGrad = kernel(({ dy, kept }, backend, attributes) =>
  execute(backend, 'LstmGanDropoutGrad', [dy, kept], dropoutAttributes(backend.binding, attributes)),
);

const lstmCell = kernel(({ z, bias, cell }, backend) => execute(backend, 'LstmGanLstmCell', [z, bias, cell], [], 4));

const lstmCellGrad = kernel(({ dHidden, dCell, gates, before, tanhCell }, backend) =>
  execute(backend, 'LstmGanLstmCellGrad', [dHidden, dCell, gates, before, tanhCell], [], 2),
);

/**
 * Whether our operation LstmGanThinProduct takes these shapes: at most 16 rows, and a matrix whose sides are multiples
 * of 32.
 */
const fitsThinProduct = (rows: number, matrix: readonly number[]): boolean =>
  rows <= 16 && matrix.every((length) => length % 32 === 0);

const matMul = (backend: NodeBackend, a: TensorInfo, b: TensorInfo, transposeB: boolean): TensorInfo[] => {
  const { binding } = backend;
  const attributes = [
    floatType(binding),
    boolAttribute(binding, 'transpose_a', false),
    boolAttribute(binding, 'transpose_b', transposeB),
  ];
  return execute(backend, 'MatMul', [a, b], attributes);
};

const thinProduct = kernel(({ rows, matrix }, backend, { transposed }) => {
  const { binding } = backend;
  if (fitsThinProduct(rows.shape[0], matrix.shape)) {
    return execute(
      backend,
      'LstmGanThinProduct',
      [rows, matrix],
      [boolAttribute(binding, 'transposed', transposed === 1)],
    );
  }
  if (transposed === 0) return matMul(backend, rows, matrix, false);
  // rows M^T is computed as (M rows^T)^T, because TensorFlow multiplies by a transposed large matrix at less than half
  // the speed.
  const swap = constant(backend, Int32Array.of(1, 0), [2]);
  return execute(
    backend,
    'Transpose',
    [...matMul(backend, matrix, rows, true), swap],
    [floatType(binding), intType(binding, 'Tperm')],
  );
});

/**
 * The operation keeps its old name (LstmGanJoin). The name is part of the graph's hash, and the hash is part of the
 * identity of a training.
 */
const concatParts = kernel((parts, backend) => {
  const inputs = Object.values(parts);
  return execute(backend, 'LstmGanJoin', inputs, [intAttribute(backend.binding, 'N', inputs.length)]);
});

export type AddonKernelName =
  | 'DropoutNative'
  | 'DropoutGradNative'
  | 'LstmCellNative'
  | 'LstmCellGradNative'
  | 'ConcatPartsNative'
  | 'ThinProductNative';

/** Kernels for the CPU. */
export const addonKernels: Readonly<Record<AddonKernelName, KernelFunc>> = {
  DropoutNative: dropout,
  DropoutGradNative: dropoutGrad,
  LstmCellNative: lstmCell,
  LstmCellGradNative: lstmCellGrad,
  ConcatPartsNative: concatParts,
  ThinProductNative: thinProduct,
};
