/**
 * Makes a new graph, in which the factors of every matrix product and convolution are rounded to bfloat16 (7 bits of
 * mantissa). The kernels add in float32 and round the result to bfloat16. The result is cast back to float32. Weights
 * and everything else stay float32.
 */
import type { Precision } from '../../contract/engine.ts';
import type { Attribute, DataType, GraphNode, Graph, ValueRef } from '../graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';
import { rewrite } from './rewrite.ts';

/** TensorFlow's products. Their attribute T is the type of the factors. */
const products: ReadonlySet<string> = new Set([
  'MatMul',
  'BatchMatMulV2',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
]);

/**
 * The lowered graph with products of this precision. For float32 and tf32 the graph is returned unchanged: TF32 is a
 * setting of CUDA.
 */
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
      // Only the float32 factors are cast. An input of integers is a shape.
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
