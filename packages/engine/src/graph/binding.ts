/**
 * What of tfjs-node's native binding the tracer relies on. tfjs-node is an optional peer and its types do not reach
 * this deep, so the surface is written down here; the constants are TensorFlow's own enumerations.
 */
export interface TfeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export type BindingValues = Float32Array | Int32Array | Uint8Array | Uint8Array[];

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
