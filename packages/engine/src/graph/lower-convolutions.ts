/**
 * Convolutions of our own: those of 4 x 4 in steps of two become Winograd's, with 9 products where TensorFlow's kernels have 16,
 * and take the bias and the LeakyReLU behind them along. For the CPU and float32. Graph in, graph out.
 */
import { prune, renameNodes } from './lower.ts';
import type { Attribute, Graph, GraphNode, ValueRef, ValueSpec } from './graph.ts';
import { sameShape } from './graph.ts';

/** Channels are cut into as many. */
const grain = 32;

type FindSpec = (ref: ValueRef) => ValueSpec | undefined;

/** The graph, with our operations where they fit. */
export function lowerConvolutions(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  const uses = countUses(graph);
  const findSpec: FindSpec = ({ node, output }) => nodes.get(node)?.outputs[output];
  for (const node of graph.nodes) {
    const before = nodes.get(node.inputs[0]?.node);
    const isAlone = before !== undefined && uses.get(before.name) === 1;
    nodes.set(node.name, toWinograd(node, findSpec) ?? (isAlone ? takeAlong(before, node) : undefined) ?? node);
  }
  return renameNodes(prune({ ...graph, nodes: [...nodes.values()] }));
}

function countUses({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { node } of [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(outputs)]) uses.set(node, (uses.get(node) ?? 0) + 1);
  return uses;
}

/** Our operation for one of TensorFlow's; undefined where there is none. */
function toWinograd(node: GraphNode, findSpec: FindSpec): GraphNode | undefined {
  const [output] = node.outputs;
  const [first, second, third] = node.inputs;
  const shapeOf = (ref: ValueRef): readonly number[] => findSpec(ref)?.shape ?? [];
  const isOf = (images: readonly number[], kernel: readonly number[], maps: readonly number[]): boolean => hasOurAttributes(node) && fits(images, kernel, maps);
  const none = { N: { kind: 'int', value: 0 }, alpha: { kind: 'float', value: 1 } } as const;
  switch (node.op) {
    case 'Conv2D':
      return isOf(shapeOf(first), shapeOf(second), output.shape) ? { ...node, op: 'LstmGanWinogradConvolution', attributes: none } : undefined;
    case 'Conv2DBackpropInput':
      if (!isOf(output.shape, shapeOf(second), shapeOf(third))) return undefined;
      return { ...node, op: 'LstmGanWinogradTransposedConvolution', inputs: [third, second], attributes: none };
    case 'Conv2DBackpropFilter':
      if (!isOf(shapeOf(first), output.shape, shapeOf(third))) return undefined;
      return { ...node, op: 'LstmGanWinogradKernelGradient', inputs: [first, third], attributes: {} };
    default:
      return undefined;
  }
}

function hasOurAttributes({ attributes: { T, strides, padding, data_format: format, dilations } }: GraphNode): boolean {
  const is = (attribute: Attribute | undefined, value: unknown): boolean => JSON.stringify(attribute?.value) === JSON.stringify(value);
  return is(T, 'float32') && is(strides, [1, 2, 2, 1]) && is(padding, 'SAME') && is(format, 'NHWC') && is(dilations, [1, 1, 1, 1]);
}

/** Images [B, 4 h, 4 w, C], a kernel [4, 4, C, N], maps [B, 2 h, 2 w, N]. */
function fits([batch, height, width, channels]: readonly number[], kernel: readonly number[], maps: readonly number[]): boolean {
  const isWhole = height % 4 === 0 && width % 4 === 0 && channels % grain === 0 && kernel[3] % grain === 0;
  return isWhole && sameShape(kernel, [4, 4, channels, kernel[3]]) && sameShape(maps, [batch, height / 2, width / 2, kernel[3]]);
}

/** A convolution of ours that does what a node behind it does; undefined where it cannot. */
function takeAlong(convolution: GraphNode, node: GraphNode): GraphNode | undefined {
  const { N: biases, alpha } = convolution.attributes;
  if (!convolution.op.startsWith('LstmGanWinograd') || alpha?.value !== 1) return undefined;
  const { name } = node;
  if (node.op === 'BiasAdd' && biases.value === 0) {
    return { ...convolution, name, inputs: [...convolution.inputs, node.inputs[1]], attributes: { N: { kind: 'int', value: 1 }, alpha } };
  }
  return node.op === 'LeakyRelu' ? { ...convolution, name, attributes: { N: biases, alpha: node.attributes['alpha'] } } : undefined;
}
