/**
 * Replaces sums and means over the first axes of a tensor, and gradients of biases, by an operation of our own:
 * TensorFlow's operations divide the rows into as many parts as there are threads, so their bits depend on their
 * number. Ours exists for the CPU and float32.
 */
import { constantValue, type Graph, type GraphNode } from '../graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';

/** The graph with our operation for each Sum, Mean and BiasAddGrad that our operation can compute. */
export function lowerSums(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  for (const node of graph.nodes) nodes.set(node.name, toOurs(node, nodes) ?? node);
  return renameNodes(prune({ ...graph, nodes: [...nodes.values()] }));
}

function toOurs(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  const { T: type, data_format: format, keep_dims: keepDims } = node.attributes;
  if (type?.value !== 'float32') return undefined;
  const [values] = node.inputs;
  const rank = nodes.get(values.node)?.outputs[values.output].shape.length ?? 0;
  switch (node.op) {
    case 'BiasAddGrad':
      return format?.value === 'NHWC' ? sumNode(node, rank - 1, { keepDims: false, isMean: false }) : undefined;
    case 'Sum':
    case 'Mean': {
      const axes = axesOf(node, nodes)?.map((axis) => (axis < 0 ? axis + rank : axis));
      if (axes === undefined || axes.length === 0) return undefined;
      const areFirst = axes.sort((a, b) => a - b).every((axis, index) => axis === index);
      if (!areFirst) return undefined;
      return sumNode(node, axes.length, { keepDims: keepDims?.value === true, isMean: node.op === 'Mean' });
    }
    default:
      return undefined;
  }
}

function axesOf(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): number[] | undefined {
  const axes = nodes.get(node.inputs[1].node);
  const value = axes && constantValue(axes);
  return value?.dtype === 'int32' ? [...new Int32Array(value.bytes.slice().buffer)] : undefined;
}

function sumNode(
  node: GraphNode,
  axes: number,
  { keepDims, isMean }: { readonly keepDims: boolean; readonly isMean: boolean },
): GraphNode {
  return {
    ...node,
    op: 'LstmGanSum',
    inputs: node.inputs.slice(0, 1),
    attributes: {
      axes: { kind: 'int', value: axes },
      keep_dims: { kind: 'bool', value: keepDims },
      is_mean: { kind: 'bool', value: isMean },
    },
  };
}
