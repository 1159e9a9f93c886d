/**
 * Replaces matrix products in a graph by an operation of our own, because the bits of TensorFlow's products depend on
 * the processor and on the number of threads. Our operation exists for the CPU and float32. It reads a transposed
 * matrix without copying it, so Transpose nodes before it are removed.
 */
import { constantValue, sameShape, type Graph, type GraphNode, type ValueRef } from '../graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';

/** Returns the graph with our operation in place of each MatMul that our operation can compute. */
export function lowerProducts(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  for (const node of graph.nodes) nodes.set(node.name, toOurs(node, nodes) ?? node);
  return renameNodes(prune({ ...graph, nodes: [...nodes.values()] }));
}

/** Our operation for a MatMul of TensorFlow; undefined for another operation or type. */
function toOurs(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  const { T: type, transpose_a: transposeA, transpose_b: transposeB } = node.attributes;
  if (node.op !== 'MatMul' || type?.value !== 'float32') return undefined;
  const [a, b] = [
    [node.inputs[0], transposeA?.value === true],
    [node.inputs[1], transposeB?.value === true],
  ] as const;
  const [[left, flipLeft], [right, flipRight]] = [a, b].map(([ref, isTransposed]) =>
    withoutTranspose(ref, isTransposed, nodes),
  );
  const attributes = {
    transpose_a: { kind: 'bool', value: flipLeft },
    transpose_b: { kind: 'bool', value: flipRight },
  } as const;
  return { ...node, op: 'LstmGanMatMul', inputs: [left, right], attributes };
}

/**
 * Returns a factor, and whether the product must transpose it. If a Transpose node made the factor, returns the input
 * of that node instead.
 */
function withoutTranspose(
  ref: ValueRef,
  isTransposed: boolean,
  nodes: ReadonlyMap<string, GraphNode>,
): [ValueRef, boolean] {
  const node = nodes.get(ref.node);
  const permutation = nodes.get(node?.inputs[1]?.node ?? '');
  const axes = permutation === undefined ? undefined : constantValue(permutation);
  const swaps =
    node?.op === 'Transpose' && axes !== undefined && sameShape([...new Int32Array(axes.bytes.slice().buffer)], [1, 0]);
  return swaps ? [node.inputs[0], !isTransposed] : [ref, isTransposed];
}
