/**
 * Rules that simplify one node whose inputs are already simplified. A rule leaves the node, replaces it by a value that
 * exists, or replaces it by a cheaper node with the same value. The rules are needed because tfjs-node reshapes, casts
 * and transposes more than necessary, and multiplies two matrices as batches of one matrix.
 */
import {
  constantNode,
  constantValue,
  elementCount,
  sameShape,
  type Attribute,
  type GraphNode,
  type TensorValue,
  type ValueRef,
  type ValueSpec,
} from '../graph.ts';

export type Simplified =
  | { readonly kind: 'value'; readonly ref: ValueRef }
  /** `before`: new nodes that the node reads. */
  | { readonly kind: 'node'; readonly node: GraphNode; readonly before?: readonly GraphNode[] };

export type FindNode = (name: string) => GraphNode | undefined;

/** Returns what replaces a node: a value that exists, or a node (the node itself if no rule applies). */
export function simplify(node: GraphNode, find: FindNode): Simplified {
  switch (node.op) {
    case 'Identity':
      return same(node);
    case 'Cast':
      return typeOf(node, 'SrcT') === typeOf(node, 'DstT') ? same(node) : keep(node);
    case 'Reshape':
      return simplifyReshape(node, find);
    case 'Transpose':
      return simplifyTranspose(node, find);
    case 'BatchMatMulV2':
      return simplifyMatMul(node, find);
    default:
      return keep(node);
  }
}

function keep(node: GraphNode): Simplified {
  return { kind: 'node', node };
}

/** Replaces a node by its first input. */
function same(node: GraphNode): Simplified {
  const [ref] = node.inputs;
  return ref === undefined ? keep(node) : { kind: 'value', ref };
}

function specOf(ref: ValueRef | undefined, find: FindNode): ValueSpec | undefined {
  return ref && find(ref.node)?.outputs[ref.output];
}

function constantOf(ref: ValueRef | undefined, find: FindNode): TensorValue | undefined {
  const node = ref && find(ref.node);
  return node && constantValue(node);
}

function typeOf(node: GraphNode, attribute: string): string | undefined {
  const found = node.attributes[attribute];
  return found?.kind === 'type' ? found.value : undefined;
}

function simplifyReshape(node: GraphNode, find: FindNode): Simplified {
  const [source, shape] = node.inputs;
  const output = node.outputs[0];
  const from = specOf(source, find);
  if (source === undefined || shape === undefined || output === undefined || from === undefined) return keep(node);
  if (sameShape(from.shape, output.shape)) return same(node);
  const constant = constantOf(source, find);
  if (constant !== undefined) return keep(constantNode(node.name, { ...constant, shape: output.shape }));
  const inner = find(source.node);
  if (inner?.op !== 'Reshape' || inner.inputs[0] === undefined) return keep(node);
  // Two reshapes in a row become one, or none if the second one restores the shape that the first one changed.
  const origin = specOf(inner.inputs[0], find);
  if (origin !== undefined && sameShape(origin.shape, output.shape)) return { kind: 'value', ref: inner.inputs[0] };
  return keep({ ...node, inputs: [inner.inputs[0], shape] });
}

function simplifyTranspose(node: GraphNode, find: FindNode): Simplified {
  const permutation = readInts(constantOf(node.inputs[1], find));
  if (permutation === undefined) return keep(node);
  if (permutation.every((axis, index) => axis === index)) return same(node);
  const constant = constantOf(node.inputs[0], find);
  if (constant !== undefined) return keep(constantNode(node.name, transposeConstant(constant, permutation)));
  return keep(node);
}

/**
 * tfjs-node multiplies two matrices by BatchMatMulV2, the operation for batches. Our own
 * operation replaces MatMul on a CPU; on a GPU, TensorFlow can fuse MatMul with the nodes that follow.
 */
function simplifyMatMul(node: GraphNode, find: FindNode): Simplified {
  const ranks = node.inputs.map((ref) => specOf(ref, find)?.shape.length);
  if (ranks.length !== 2 || ranks.some((rank) => rank !== 2)) return keep(node);
  const attributes: Record<string, Attribute> = {
    transpose_a: node.attributes['adj_x'] ?? { kind: 'bool', value: false },
    transpose_b: node.attributes['adj_y'] ?? { kind: 'bool', value: false },
  };
  const type = node.attributes['T'];
  if (type !== undefined) attributes['T'] = type;
  return simplifyOuterProduct({ ...node, op: 'MatMul', attributes }, find);
}

/**
 * Computes a column times a row as an element-wise product. For 16 x 4096 floats this takes 0.05 ms; MatMul takes 0.7
 * ms.
 */
function simplifyOuterProduct(node: GraphNode, find: FindNode): Simplified {
  const [output] = node.outputs;
  const count = elementCount(output.shape);
  const factors = node.inputs.map((ref) => elementCount(specOf(ref, find)?.shape ?? []));
  if (factors[0] * factors[1] !== count || factors[0] !== output.shape[0]) return keep(node);
  const shapes = [
    [output.shape[0], 1],
    [1, output.shape[1]],
  ];
  const before = shapes.flatMap((shape, i): GraphNode[] => {
    const lengths = constantNode(`${node.name}/shape${i}`, {
      dtype: 'int32',
      shape: [2],
      bytes: new Uint8Array(Int32Array.from(shape).buffer),
    });
    const attributes: Record<string, Attribute> = {
      T: { kind: 'type', value: output.dtype },
      Tshape: { kind: 'type', value: 'int32' },
    };
    const inputs = [node.inputs[i], { node: lengths.name, output: 0 }];
    return [
      lengths,
      { name: `${node.name}/factor${i}`, op: 'Reshape', attributes, inputs, outputs: [{ dtype: output.dtype, shape }] },
    ];
  });
  const inputs = [0, 1].map((i) => ({ node: `${node.name}/factor${i}`, output: 0 }));
  const product: GraphNode = {
    name: node.name,
    op: 'Mul',
    attributes: { T: { kind: 'type', value: output.dtype } },
    inputs,
    outputs: node.outputs,
  };
  return { kind: 'node', node: product, before };
}

function readInts(value: TensorValue | undefined): number[] | undefined {
  if (value?.dtype !== 'int32') return undefined;
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, value.bytes.byteLength);
  return Array.from({ length: value.bytes.byteLength / 4 }, (_, index) => view.getInt32(index * 4, true));
}

/** The transposed constant: its axis k is the source's axis permutation[k]. */
export function transposeConstant(source: TensorValue, permutation: readonly number[]): TensorValue {
  const shape = permutation.map((axis) => source.shape[axis] ?? 1);
  const count = elementCount(shape);
  const width = count === 0 ? 0 : source.bytes.byteLength / count;
  const sourceStrides = source.shape.map((_, axis) => elementCount(source.shape.slice(axis + 1)));
  const strides = permutation.map((axis) => sourceStrides[axis] ?? 0);
  const bytes = new Uint8Array(source.bytes.byteLength);
  for (let target = 0; target < count; target++) {
    let rest = target;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      from += (rest % length) * (strides[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    bytes.set(source.bytes.subarray(from * width, (from + 1) * width), target * width);
  }
  return { dtype: source.dtype, shape, bytes };
}
