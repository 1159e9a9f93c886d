import { engine, getBackend, getKernel, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Runs a kernel if the current backend has registered it (the graph engine's tracing backend does), otherwise
 * `portable`. `portable` is a composition of stock tfjs operations, and defines the result; a kernel is faster. A
 * kernel must compute what this table says, and must have its own gradient if the table says "gradient":
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

/** The names of the kernels that a backend may register. The table at `nativeOr` says what each must compute. */
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
