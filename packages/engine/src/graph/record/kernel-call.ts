/** How a tfjs kernel executes an operation of TensorFlow on tfjs-node's backend. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { NodeBackend, TfeAttribute, TfeBinding } from '../../tensorflow/runtime/tfjs-node-binding.ts';
import { dataTypeNumbers } from '../graph.ts';

export type KernelInputs = Readonly<Record<string, TensorInfo>>;
export type KernelAttributes = Readonly<Record<string, number | number[]>>;

/** A tfjs kernel that computes its outputs with `body`. */
export function kernel(
  body: (inputs: KernelInputs, backend: NodeBackend, attributes: KernelAttributes) => TensorInfo | TensorInfo[],
): KernelFunc {
  return ({ inputs, backend, attrs }) =>
    body(inputs as KernelInputs, backend as NodeBackend, (attrs ?? {}) as KernelAttributes);
}

/** Executes an operation of TensorFlow; returns its outputs. */
export function execute(
  backend: NodeBackend,
  op: string,
  inputs: TensorInfo[],
  attributes: readonly TfeAttribute[],
  outputCount = 1,
): TensorInfo[] {
  const ids = backend.getInputTensorIds(inputs);
  const results = backend.binding.executeOp(op, [...attributes], ids, outputCount);
  return results.map((result) => backend.createOutputTensor(result));
}

/** A tensor with fixed values. */
export function constant(backend: NodeBackend, values: Float32Array | Int32Array, shape: number[]): TensorInfo {
  const dtype = values instanceof Float32Array ? dataTypeNumbers.float32 : dataTypeNumbers.int32;
  return backend.createOutputTensor({ id: backend.binding.createTensor(shape, dtype, values), shape, dtype });
}

/** The attribute of an operation that sets the type `name` to float32. */
export const floatType = (binding: TfeBinding, name = 'T'): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value: dataTypeNumbers.float32,
});

/** The attribute of an operation that sets the type `name` to int32. */
export const intType = (binding: TfeBinding, name: string): TfeAttribute => ({
  ...floatType(binding, name),
  value: dataTypeNumbers.int32,
});

export const floatAttribute = (binding: TfeBinding, name: string, value: unknown): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_FLOAT,
  value,
});

export const boolAttribute = (binding: TfeBinding, name: string, value: boolean): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_BOOL,
  value,
});

export const intAttribute = (binding: TfeBinding, name: string, value: number): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_INT,
  value,
});

/** An attribute that says: images are [batch, height, width, channels]. */
export const channelsLast = (binding: TfeBinding): TfeAttribute => ({
  name: 'data_format',
  type: binding.TF_ATTR_STRING,
  value: 'NHWC',
});
