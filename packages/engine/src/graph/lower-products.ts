/**
 * Matrix products of our own for those of many rows, which take a transposed matrix as it lies: the transposes before them go. For
 * the CPU and float32. Graph in, graph out.
 */
import { prune, renameNodes } from './lower.ts';
import type { Graph, GraphNode, ValueRef } from './graph.ts';
import { constantValue, sameShape } from './graph.ts';

/** Fewer rows are TensorFlow's, with bias and activation in the same kernel, or a thin product. */
const leastRows = 32;

/** The graph, with our products where they fit. */
export function lowerProducts(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  for (const node of graph.nodes) nodes.set(node.name, toOurs(node, nodes) ?? node);
  return renameNodes(prune({ ...graph, nodes: [...nodes.values()] }));
}

/** Our product for one of TensorFlow's; undefined where it is another operation, or does not fit. */
function toOurs(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  const { T: type, transpose_a: transposeA, transpose_b: transposeB } = node.attributes;
  if (node.op !== 'MatMul' || type?.value !== 'float32') return undefined;
  const [rows, columns] = node.outputs[0].shape;
  if (rows < leastRows || rows % 8 !== 0 || columns % 32 !== 0) return undefined;
  const [a, b] = [
    [node.inputs[0], transposeA?.value === true],
    [node.inputs[1], transposeB?.value === true],
  ] as const;
  const [[left, flipLeft], [right, flipRight]] = [a, b].map(([ref, isTransposed]) =>
    asItLies(ref, isTransposed, nodes),
  );
  const attributes = {
    transpose_a: { kind: 'bool', value: flipLeft },
    transpose_b: { kind: 'bool', value: flipRight },
  } as const;
  return { ...node, op: 'LstmGanMatMul', inputs: [left, right], attributes };
}

/** A matrix, and whether it is meant transposed; of a transposed one what it was made of. */
function asItLies(ref: ValueRef, isTransposed: boolean, nodes: ReadonlyMap<string, GraphNode>): [ValueRef, boolean] {
  const node = nodes.get(ref.node);
  const permutation = nodes.get(node?.inputs[1]?.node ?? '');
  const axes = permutation === undefined ? undefined : constantValue(permutation);
  const swaps =
    node?.op === 'Transpose' && axes !== undefined && sameShape([...new Int32Array(axes.bytes.slice().buffer)], [1, 0]);
  return swaps ? [node.inputs[0], !isTransposed] : [ref, isTransposed];
}
