/**
 * Replaces batch normalisation and its gradient in a graph by operations of our own: with TensorFlow's, the bits depend
 * on the processor and on the number of threads. Ours exist for the CPU and float32.
 */
import type { Graph, GraphNode, ValueRef } from '../graph.ts';
import { renameNodes } from './rename-nodes.ts';

/** Returns the graph with our operations in place of FusedBatchNormV3 and FusedBatchNormGradV3. */
export function lowerBatchNorm(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  for (const node of graph.nodes) nodes.set(node.name, toOurs(node, nodes) ?? node);
  return renameNodes({ ...graph, nodes: [...nodes.values()] });
}

function toOurs(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  const {
    T: type,
    data_format: format,
    is_training: isTraining,
    epsilon,
    exponential_avg_factor: factor,
  } = node.attributes;
  if (type?.value !== 'float32' || format?.value !== 'NHWC' || isTraining?.value !== true) return undefined;
  switch (node.op) {
    case 'FusedBatchNormV3': {
      if (factor?.value !== 1) return undefined;
      const [y, mean, variance] = node.outputs;
      const inputs = node.inputs.slice(0, 3);
      // The fourth output, the inverse of the standard deviation, has the shape of the mean.
      return { ...node, op: 'LstmGanBatchNorm', inputs, attributes: { epsilon }, outputs: [y, mean, variance, mean] };
    }
    case 'FusedBatchNormGradV3': {
      const [dy, x, scale, reserved] = node.inputs;
      const forward = nodes.get(reserved.node);
      if (forward?.op !== 'LstmGanBatchNorm' || forward.attributes['epsilon'].value !== epsilon.value) return undefined;
      const output = (index: number): ValueRef => ({ node: forward.name, output: index });
      const inputs = [dy, x, scale, output(1), output(3)];
      return { ...node, op: 'LstmGanBatchNormGrad', inputs, attributes: {}, outputs: node.outputs.slice(0, 3) };
    }
    default:
      return undefined;
  }
}
