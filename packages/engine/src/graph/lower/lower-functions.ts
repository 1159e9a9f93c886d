/**
 * Replaces functions that TensorFlow approximates, and normal random numbers, by operations of our own: with
 * TensorFlow's, the bits may depend on the processor's manufacturer and on the C library. Ours exist for the CPU and
 * float32.
 */
import type { Graph, GraphNode } from '../graph.ts';
import { renameNodes } from './rename-nodes.ts';

const ours: Readonly<Record<string, string>> = {
  Tanh: 'LstmGanTanh',
  Sigmoid: 'LstmGanSigmoid',
  Softplus: 'LstmGanSoftplus',
  Rsqrt: 'LstmGanRsqrt',
};

/** The graph with our operation for each of these functions. */
export function lowerFunctions(graph: Graph): Graph {
  return renameNodes({ ...graph, nodes: graph.nodes.map(toOurs) });
}

function toOurs(node: GraphNode): GraphNode {
  const { T: type, dtype } = node.attributes;
  if (node.op === 'StatelessRandomNormal' && dtype?.value === 'float32')
    return { ...node, op: 'LstmGanRandomNormal', attributes: {} };
  return node.op in ours && type?.value === 'float32' ? { ...node, op: ours[node.op], attributes: {} } : node;
}
