/**
 * What the tracer uses of tfjs-node. tfjs-node is an optional peer whose types do not describe its native binding, so
 * the used part is written down here. The constants are TensorFlow's own enumerations.
 */
import { findBackend, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from '@lstm-gan/core/errors';

/** tfjs-node's native binding. */
export interface TfeBinding {
  createTensor(shape: number[], dtype: number, values: BindingValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attributes: TfeAttribute[], inputs: number[], outputCount: number): TensorMetadata[];
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** An attribute of an operation; `type` is one of the binding's TF_ATTR constants. */
export interface TfeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor in the binding; `dtype` is TensorFlow's number for the type. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export type BindingValues = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/** tfjs-node's backend class. */
export interface NodeBackend extends KernelBackend {
  readonly binding: TfeBinding;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  /** The ids of tensors in the binding. Values that are still in JavaScript are copied into the binding first. */
  getInputTensorIds(tensors: TensorInfo[]): number[];
}

/** tfjs-node's own backend. `loadStockBackend` must have loaded it. */
export function stockBackend(): NodeBackend {
  const backend = findBackend('tensorflow') as NodeBackend | null;
  assert(backend !== null, "tfjs-node's backend is loaded before anything is traced");
  return backend;
}
