/** The steps of lowering: rewrite.ts with simplify.ts, prune.ts, rename-nodes.ts. */
import { describe, expect, it } from 'vitest';
import type { Attribute, Graph, GraphNode, ValueRef } from '../graph.ts';
import { constantNode, placeholderNode } from '../graph.ts';
import { lowerGraph } from './lower-graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';
import { rewrite } from './rewrite.ts';
import { printGraph } from '../emit/print-graph.ts';
import { transposeConstant } from './simplify.ts';

const float: Attribute = { kind: 'type', value: 'float32' };
const ref = (node: string, output = 0): ValueRef => ({ node, output });
const floats = (name: string, shape: number[], values: number[]): GraphNode =>
  constantNode(name, { dtype: 'float32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) });
const ints = (name: string, values: number[]): GraphNode =>
  constantNode(name, { dtype: 'int32', shape: [values.length], bytes: new Uint8Array(Int32Array.from(values).buffer) });
const node = (name: string, op: string, inputs: ValueRef[], shape: number[], attributes = {}): GraphNode => ({
  name,
  op,
  attributes: { T: float, ...attributes },
  inputs,
  outputs: [{ dtype: 'float32', shape }],
});
const x = placeholderNode('x', { dtype: 'float32', shape: [2, 3] });
const graphOf = (nodes: GraphNode[], output: ValueRef): Graph => ({
  nodes: [x, ...nodes],
  inputs: { x: ref('x') },
  outputs: { y: output },
});
const operations = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

describe('rewrite', () => {
  it('makes one node of equal nodes, constants included', () => {
    const graph = graphOf(
      [
        floats('a', [], [2]),
        floats('b', [], [2]),
        node('m', 'Mul', [ref('x'), ref('a')], [2, 3]),
        node('n', 'Mul', [ref('x'), ref('b')], [2, 3]),
        node('s', 'AddV2', [ref('m'), ref('n')], [2, 3]),
      ],
      ref('s'),
    );
    const result = rewrite(graph);
    expect(operations(result)).toEqual(['Placeholder', 'Const', 'Mul', 'AddV2']);
    expect(result.nodes[3]?.inputs).toEqual([ref('m'), ref('m')]);
  });

  it('does not merge constants that differ in value, shape or type', () => {
    const graph = graphOf(
      [floats('a', [], [2]), floats('b', [], [3]), floats('c', [1], [2]), ints('d', [1073741824])],
      ref('a'),
    );
    expect(operations(rewrite(graph))).toHaveLength(5);
  });

  it('does not merge nodes that differ in an attribute', () => {
    const leaky = (name: string, alpha: number) =>
      node(name, 'LeakyRelu', [ref('x')], [2, 3], { alpha: { kind: 'float', value: alpha } });
    expect(operations(rewrite(graphOf([leaky('a', 0.2), leaky('b', 0.3)], ref('a'))))).toHaveLength(3);
  });

  it('does not merge placeholders', () => {
    const z = placeholderNode('z', { dtype: 'float32', shape: [2, 3] });
    const graph: Graph = { nodes: [x, z], inputs: { x: ref('x'), z: ref('z') }, outputs: { y: ref('z') } };
    expect(rewrite(graph).nodes.map(({ name }) => name)).toEqual(['x', 'z']);
  });

  it('redirects outputs of a merged node', () => {
    const graph = graphOf([node('a', 'Tanh', [ref('x')], [2, 3]), node('b', 'Tanh', [ref('x')], [2, 3])], ref('b'));
    expect(rewrite(graph).outputs).toEqual({ y: ref('a') });
  });

  it('drops a reshape to the same shape, and a cast to the same type', () => {
    const types = { SrcT: float, DstT: float };
    const graph = graphOf(
      [
        ints('s', [2, 3]),
        node('r', 'Reshape', [ref('x'), ref('s')], [2, 3]),
        node('c', 'Cast', [ref('r')], [2, 3], types),
        node('t', 'Tanh', [ref('c')], [2, 3]),
      ],
      ref('t'),
    );
    expect(rewrite(graph).nodes.at(-1)?.inputs).toEqual([ref('x')]);
  });

  it('keeps a cast that changes the type', () => {
    const types = { SrcT: { kind: 'type', value: 'uint8' }, DstT: float };
    expect(operations(rewrite(graphOf([node('c', 'Cast', [ref('x')], [2, 3], types)], ref('c'))))).toEqual([
      'Placeholder',
      'Cast',
    ]);
  });

  it('makes one reshape of two, and none if the second restores the shape', () => {
    const nodes = [
      ints('s', [6]),
      ints('u', [3, 2]),
      ints('v', [2, 3]),
      node('a', 'Reshape', [ref('x'), ref('s')], [6]),
    ];
    const merged = rewrite(graphOf([...nodes, node('b', 'Reshape', [ref('a'), ref('u')], [3, 2])], ref('b')));
    expect(merged.nodes.find(({ name }) => name === 'b')?.inputs).toEqual([ref('x'), ref('u')]);
    const back = rewrite(graphOf([...nodes, node('b', 'Reshape', [ref('a'), ref('v')], [2, 3])], ref('b')));
    expect(back.outputs).toEqual({ y: ref('x') });
  });

  it('computes transposes and reshapes of constants', () => {
    const graph = graphOf(
      [
        floats('c', [2, 3], [1, 2, 3, 4, 5, 6]),
        ints('p', [1, 0]),
        ints('s', [6]),
        node('t', 'Transpose', [ref('c'), ref('p')], [3, 2]),
        node('r', 'Reshape', [ref('t'), ref('s')], [6]),
      ],
      ref('r'),
    );
    expect(printGraph(lowerGraph(graph))).toContain('value=[1,4,2,5,3,6]} -> float32[6]');
  });

  it('replaces the batched product of matrices by MatMul with the same flags, but not of batches', () => {
    const flags = { adj_x: { kind: 'bool', value: true }, adj_y: { kind: 'bool', value: false } };
    const matrix = rewrite(graphOf([node('m', 'BatchMatMulV2', [ref('x'), ref('x')], [3, 3], flags)], ref('m')));
    expect(printGraph(matrix)).toContain('m = MatMul(x, x) {T=float32, transpose_a=true, transpose_b=false}');
    const batch = placeholderNode('b', { dtype: 'float32', shape: [4, 2, 2] });
    const batched = rewrite(
      graphOf([batch, node('m', 'BatchMatMulV2', [ref('b'), ref('b')], [4, 2, 2], flags)], ref('m')),
    );
    expect(operations(batched)).toContain('BatchMatMulV2');
  });
});

describe('an outer product', () => {
  const product = (a: number[], b: number[], flags: [boolean, boolean], shape: number[]) => {
    const [adj_x, adj_y] = flags.map((value): Attribute => ({ kind: 'bool', value }));
    const inputs = [
      placeholderNode('a', { dtype: 'float32', shape: a }),
      placeholderNode('b', { dtype: 'float32', shape: b }),
    ];
    return operations(
      rewrite(
        graphOf([...inputs, node('m', 'BatchMatMulV2', [ref('a'), ref('b')], shape, { adj_x, adj_y })], ref('m')),
      ),
    ).slice(3);
  };

  it('is an element-wise product of a column and a row', () => {
    expect(product([4, 1], [1, 5], [false, false], [4, 5])).toEqual(['Const', 'Reshape', 'Const', 'Reshape', 'Mul']);
    expect(product([1, 4], [5, 1], [true, true], [4, 5])).toContain('Mul');
  });

  it('is not confused with products that have sums', () => {
    expect(product([1, 4], [4, 1], [false, false], [1, 1])).toEqual(['MatMul']);
    expect(product([1, 4], [4, 5], [false, false], [1, 5])).toEqual(['MatMul']);
    expect(product([4, 2], [2, 5], [false, false], [4, 5])).toEqual(['MatMul']);
  });
});

describe('prune', () => {
  it('keeps what the outputs need and every input', () => {
    const z = placeholderNode('z', { dtype: 'int32', shape: [2] });
    const nodes = [
      x,
      z,
      node('a', 'Tanh', [ref('x')], [2, 3]),
      node('b', 'Exp', [ref('a')], [2, 3]),
      node('c', 'Neg', [ref('a')], [2, 3]),
    ];
    const graph: Graph = { nodes, inputs: { x: ref('x'), z: ref('z') }, outputs: { y: ref('c') } };
    expect(prune(graph).nodes.map(({ name }) => name)).toEqual(['x', 'z', 'a', 'c']);
  });
});

describe('renameNodes', () => {
  it('names nodes by operation and position, and keeps the names of inputs', () => {
    const graph = graphOf([node('whatever', 'Tanh', [ref('x')], [2, 3])], ref('whatever'));
    const renamed = renameNodes(graph);
    expect(renamed.nodes.map(({ name }) => name)).toEqual(['x', 'Tanh_1']);
    expect(renamed.outputs).toEqual({ y: ref('Tanh_1') });
  });
});

describe('transposeConstant', () => {
  it('moves axes as TensorFlow does', () => {
    const source = {
      dtype: 'int32' as const,
      shape: [2, 1, 3],
      bytes: new Uint8Array(Int32Array.of(0, 1, 2, 3, 4, 5).buffer),
    };
    const result = transposeConstant(source, [2, 0, 1]);
    expect(result.shape).toEqual([3, 2, 1]);
    expect([...new Int32Array(result.bytes.buffer)]).toEqual([0, 3, 1, 4, 2, 5]);
  });
});
