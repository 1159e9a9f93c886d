/**
 * Replaces convolutions with a 4 x 4 kernel and stride 2 in a graph by operations of our own, which exist for the CPU
 * and float32: with TensorFlow's, the bits depend on the processor. With many channels our operations use Winograd's
 * algorithm, which needs 9 products where TensorFlow's kernels need 16. With one or three channels our operations
 * compute only these channels, where TensorFlow's kernels compute 16. A bias and a LeakyReLU that follow a convolution
 * become a part of our operation.
 */
import { sameShape, type Attribute, type Graph, type GraphNode, type ValueRef, type ValueSpec } from '../graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';

type FindSpec = (ref: ValueRef) => ValueSpec | undefined;

/** The graph with our operation for each convolution that it can compute. */
export function lowerConvolutions(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  const uses = countUses(graph);
  const findSpec: FindSpec = ({ node, output }) => nodes.get(node)?.outputs[output];
  for (const node of graph.nodes) {
    const before = nodes.get(node.inputs[0]?.node);
    // A convolution whose result another node or an output also reads must stay as it is.
    const isAlone = before !== undefined && uses.get(before.name) === 1;
    nodes.set(node.name, toOurs(node, findSpec) ?? (isAlone ? fuse(before, node) : undefined) ?? node);
  }
  return renameNodes(prune({ ...graph, nodes: [...nodes.values()] }));
}

function countUses({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { node } of [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(outputs)])
    uses.set(node, (uses.get(node) ?? 0) + 1);
  return uses;
}

/** Our operation for a convolution of TensorFlow; undefined if we have no operation for the node. */
function toOurs(node: GraphNode, findSpec: FindSpec): GraphNode | undefined {
  const [output] = node.outputs;
  const [first, second, third] = node.inputs;
  const shapeOf = (ref: ValueRef): readonly number[] => findSpec(ref)?.shape ?? [];
  const none = { N: { kind: 'int', value: 0 }, alpha: { kind: 'float', value: 1 } } as const;
  if (!hasOurAttributes(node)) return undefined;
  switch (node.op) {
    case 'Conv2D':
      return fits(shapeOf(first), shapeOf(second), output.shape)
        ? { ...node, op: 'LstmGanConvolution', attributes: none }
        : undefined;
    case 'Conv2DBackpropInput':
      if (!fits(output.shape, shapeOf(second), shapeOf(third))) return undefined;
      return { ...node, op: 'LstmGanTransposedConvolution', inputs: [third, second], attributes: none };
    case 'Conv2DBackpropFilter':
      return fits(shapeOf(first), output.shape, shapeOf(third))
        ? { ...node, op: 'LstmGanKernelGradient', inputs: [first, third], attributes: {} }
        : undefined;
    default:
      return undefined;
  }
}

function hasOurAttributes({ attributes: { T, strides, padding, data_format: format, dilations } }: GraphNode): boolean {
  const is = (attribute: Attribute | undefined, value: unknown): boolean =>
    JSON.stringify(attribute?.value) === JSON.stringify(value);
  return (
    is(T, 'float32') &&
    is(strides, [1, 2, 2, 1]) &&
    is(padding, 'SAME') &&
    is(format, 'NHWC') &&
    is(dilations, [1, 1, 1, 1])
  );
}

/** Whether the shapes are images [B, 2 h, 2 w, C], a kernel [4, 4, C, N] and maps [B, h, w, N]. */
function fits(
  [batch, height, width, channels]: readonly number[],
  kernel: readonly number[],
  maps: readonly number[],
): boolean {
  const [, , , count] = kernel;
  return sameShape(kernel, [4, 4, channels, count]) && sameShape(maps, [batch, height / 2, width / 2, count]);
}

/**
 * Fuses a convolution of our own (`LstmGanConvolution`) with the bias or the LeakyReLU after it. Undefined if the two
 * nodes cannot be fused.
 */
function fuse(convolution: GraphNode, node: GraphNode): GraphNode | undefined {
  const { N: biases, alpha } = convolution.attributes;
  if (!['LstmGanConvolution', 'LstmGanTransposedConvolution'].includes(convolution.op) || alpha.value !== 1)
    return undefined;
  const { name } = node;
  if (node.op === 'BiasAdd' && biases.value === 0) {
    return {
      ...convolution,
      name,
      inputs: [...convolution.inputs, node.inputs[1]],
      attributes: { N: { kind: 'int', value: 1 }, alpha },
    };
  }
  return node.op === 'LeakyRelu'
    ? { ...convolution, name, attributes: { N: biases, alpha: node.attributes['alpha'] } }
    : undefined;
}
