/**
 * A graph as plain data: the TensorFlow operations of a unit, in an order in which they can run. Tracing makes it
 * (record/), lowering and preparing make a new graph of it (lower/, prepare/), printing and encoding read it (emit/).
 * The type and shape of every value are known, because tracing runs the unit once.
 */
export type DataType =
  'float32' | 'int32' | 'uint8' | 'string' | 'complex64' | 'int64' | 'bool' | 'bfloat16' | 'resource';

/** TensorFlow's numbers for the data types (types.proto). */
export const dataTypeNumbers: Readonly<Record<DataType, number>> = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
};

export interface ValueSpec {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** A constant; its bytes are little-endian, row by row. */
export interface TensorValue extends ValueSpec {
  readonly bytes: Uint8Array;
}

export type Attribute =
  | { readonly kind: 'type'; readonly value: DataType }
  | { readonly kind: 'shape'; readonly value: readonly number[] }
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'ints' | 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorValue };

/** A value: one output of a node. */
export interface ValueRef {
  readonly node: string;
  readonly output: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly inputs: readonly ValueRef[];
  /** Nodes that must run before this one, although it reads none of their outputs. */
  readonly after?: readonly string[];
  readonly outputs: readonly ValueSpec[];
}

export interface Graph {
  /** Each node comes after the nodes that it reads. */
  readonly nodes: readonly GraphNode[];
  /** The Placeholder of each input, by the input's name. */
  readonly inputs: Readonly<Record<string, ValueRef>>;
  readonly outputs: Readonly<Record<string, ValueRef>>;
}

/** A text for a reference. Two references have equal texts exactly if they mean the same value. */
export function refKey(ref: ValueRef): string {
  return `${ref.node}:${ref.output}`;
}

/** The number of elements of a tensor of this shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** A Const node. */
export function constantNode(name: string, value: TensorValue): GraphNode {
  return {
    name,
    op: 'Const',
    attributes: { dtype: { kind: 'type', value: value.dtype }, value: { kind: 'tensor', value } },
    inputs: [],
    outputs: [{ dtype: value.dtype, shape: value.shape }],
  };
}

/** A Placeholder node: its value is fed by the caller. */
export function placeholderNode(name: string, spec: ValueSpec): GraphNode {
  return {
    name,
    op: 'Placeholder',
    attributes: { dtype: { kind: 'type', value: spec.dtype }, shape: { kind: 'shape', value: spec.shape } },
    inputs: [],
    outputs: [spec],
  };
}

/** The value of a Const node; undefined for any other node. */
export function constantValue(node: GraphNode): TensorValue | undefined {
  const attribute = node.attributes['value'];
  return node.op === 'Const' && attribute?.kind === 'tensor' ? attribute.value : undefined;
}
