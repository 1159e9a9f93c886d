/**
 * A graph as plain data: what a unit does, written down as TensorFlow operations in an order in which they can run.
 * The tracer makes one, lowering rewrites it (graph in, graph out), printing and encoding only read it. Types and
 * shapes of every value are known, because tracing ran the unit once.
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

/** Bytes of a constant: little-endian, row by row. */
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

/** One output of a node. */
export interface ValueRef {
  readonly node: string;
  readonly output: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly inputs: readonly ValueRef[];
  /** Nodes that run before it, though it reads nothing of them. */
  readonly after?: readonly string[];
  readonly outputs: readonly ValueSpec[];
}

export interface Graph {
  /** Every node stands behind the nodes that it reads. */
  readonly nodes: readonly GraphNode[];
  /** Input name to its Placeholder. */
  readonly inputs: Readonly<Record<string, ValueRef>>;
  readonly outputs: Readonly<Record<string, ValueRef>>;
}

/** A key that two references share exactly when they mean the same value. */
export function refKey(ref: ValueRef): string {
  return `${ref.node}:${ref.output}`;
}

/** How many values a shape holds. */
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

/** A Placeholder node: what the caller feeds. */
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
