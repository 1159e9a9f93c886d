/**
 * bfloat16 products: the factors of every matrix product and convolution are rounded to bfloat16 (8 bits of mantissa), sums are
 * float32 inside the kernels, and results go on as float32, as do weights and everything else. Graph in, graph out.
 */
import type { Precision } from '../engine.ts';
import type { Attribute, DataType, GraphNode, Graph, ValueRef } from './graph.ts';
import { prune, renameNodes, rewrite } from './lower.ts';

/** TensorFlow's operations that multiply, all with the attribute T for the type of their factors. */
const products: ReadonlySet<string> = new Set([
  'MatMul',
  'BatchMatMulV2',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
]);

/** A lowered graph with products of this precision. */
export function lowerPrecision(graph: Graph, precision: Precision): Graph {
  return precision === 'bfloat16' ? renameNodes(prune(rewrite(toBfloat16(graph)))) : graph;
}

function toBfloat16(graph: Graph): Graph {
  const dtypes = new Map(graph.nodes.map(({ name, outputs }) => [name, outputs] as const));
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    if (!products.has(node.op) || node.outputs[0].dtype !== 'float32') return [node];
    const casts: GraphNode[] = [];
    const inputs = node.inputs.map((ref, i): ValueRef => {
      const spec = dtypes.get(ref.node)?.[ref.output];
      // Sizes are integers.
      if (spec?.dtype !== 'float32') return ref;
      const rounded = cast(`${node.name}/factor${i}`, ref, spec.shape, 'bfloat16');
      casts.push(rounded);
      return { node: rounded.name, output: 0 };
    });
    const [{ shape }] = node.outputs;
    const attributes: Record<string, Attribute> = { ...node.attributes, T: { kind: 'type', value: 'bfloat16' } };
    const product: GraphNode = {
      ...node,
      name: `${node.name}/product`,
      inputs,
      attributes,
      outputs: [{ dtype: 'bfloat16', shape }],
    };
    return [...casts, product, cast(node.name, { node: product.name, output: 0 }, shape, 'float32')];
  });
  return { ...graph, nodes };
}

function cast(name: string, input: ValueRef, shape: readonly number[], to: DataType): GraphNode {
  const attributes: Record<string, Attribute> = {
    SrcT: { kind: 'type', value: to === 'bfloat16' ? 'float32' : 'bfloat16' },
    DstT: { kind: 'type', value: to },
    Truncate: { kind: 'bool', value: false },
  };
  return { name, op: 'Cast', attributes, inputs: [input], outputs: [{ dtype: to, shape }] };
}
