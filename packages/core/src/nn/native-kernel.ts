import { engine, getBackend, getKernel, type Tensor } from '@tensorflow/tfjs-core';

/**
 * The seam between a formula and a faster kernel for it. The portable composition of stock tfjs operations *is* the
 * definition; where the current backend has registered the kernel (the graph engine's tracing backend does), that runs
 * instead. A kernel under one of these names must compute this, and bring its own gradient where one is marked:
 *
 * | kernel | inputs | attributes | outputs |
 * |---|---|---|---|
 * | BiasAddNative (gradient) | value [..., C], bias [C] | | value + bias |
 * | LeakyReluNative (gradient) | features | alpha | max(x, alpha x), alpha < 1 |
 * | FusedBatchNormNative (gradient of y alone) | x [N, H, W, C], scale [C], offset [C] | epsilon | y, mean, biased variance |
 * | DropoutNative (gradient) | features, seed int32 [2] | rate, scale | features times scale where StatelessUniform >= rate, else 0 |
 * | LstmCellNative | z [R, 4U], bias [4U], cell [R, U] | | gates, cell, tanh of the cell, hidden: cellForward of lstm-cell.ts |
 * | LstmCellGradNative | dHidden, dCell, gates, cell before, tanh of the cell | | cellBackward of lstm-cell.ts |
 * | ConcatPartsNative | some tensors | | their values, one after the other, as a vector |
 * | ThinProductNative | rows [R, K], matrix [K, N] or [N, K] | transposed, 0 or 1 | rows times the matrix, or its transpose: [R, N] |
 * | StatelessUniformNative | seed int32 [2] | shape | floats in [0, 1), as TensorFlow's StatelessRandomUniform |
 * | StatelessNormalNative | seed int32 [2] | shape | as TensorFlow's StatelessRandomNormal |
 */
export function nativeOr<Inputs extends Record<string, Tensor>>(
  kernel: NativeKernelName,
  inputs: Inputs,
  attributes: Record<string, number | number[]>,
  portable: () => Tensor[],
): Tensor[] {
  if (getKernel(kernel, getBackend()) === undefined) return portable();
  const outputs = engine().runKernel(kernel, inputs, attributes) as unknown as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** The kernels that a backend may bring: what each must compute stands at `nativeOr`. */
export type NativeKernelName =
  | 'BiasAddNative'
  | 'LeakyReluNative'
  | 'FusedBatchNormNative'
  | 'DropoutNative'
  | 'LstmCellNative'
  | 'LstmCellGradNative'
  | 'ConcatPartsNative'
  | 'ThinProductNative'
  | 'StatelessUniformNative'
  | 'StatelessNormalNative';
