import { describe, expect, it } from 'vitest';
import { constantNode, placeholderNode, type Attribute, type Graph, type GraphNode, type ValueRef } from '../graph.ts';
import { lowerProducts } from './lower-products.ts';
import { printGraph } from '../emit/print-graph.ts';

const ref = (node: string): ValueRef => ({ node, output: 0 });
const flags = (a: boolean, b: boolean): Record<string, Attribute> => ({
  transpose_a: { kind: 'bool', value: a },
  transpose_b: { kind: 'bool', value: b },
});
const node = (
  name: string,
  op: string,
  from: string[],
  shape: number[],
  attributes: Record<string, Attribute> = {},
): GraphNode => ({
  name,
  op,
  attributes: { T: { kind: 'type', value: 'float32' }, ...attributes },
  inputs: from.map(ref),
  outputs: [{ dtype: 'float32', shape }],
});
const axes = (...order: number[]): GraphNode =>
  constantNode('axes', { dtype: 'int32', shape: [2], bytes: new Uint8Array(Int32Array.from(order).buffer) });

/** Lowers a graph with the inputs x and w and the output y; returns the lines of its other nodes. */
function lower(x: number[], w: number[], nodes: GraphNode[]): string[] {
  const placeholders = Object.entries({ x, w }).map(([name, shape]) =>
    placeholderNode(name, { dtype: 'float32', shape }),
  );
  const graph: Graph = {
    nodes: [...placeholders, ...nodes],
    inputs: { x: ref('x'), w: ref('w') },
    outputs: { y: ref('y') },
  };
  return printGraph(lowerProducts(graph))
    .split('\n')
    .filter((line) => !line.startsWith('return') && !line.includes('Placeholder()'))
    .map((line) => line.replace(/^.*? = /, ''));
}

describe('lowering', () => {
  it('replaces a product by our operation', () => {
    expect(lower([64, 5], [5, 96], [node('y', 'MatMul', ['x', 'w'], [64, 96], flags(false, false))])).toEqual([
      'LstmGanMatMul(x, w) {transpose_a=false, transpose_b=false} -> float32[64,96]',
    ]);
    expect(lower([64, 5], [96, 5], [node('y', 'MatMul', ['x', 'w'], [64, 96], flags(false, true))])).toEqual([
      'LstmGanMatMul(x, w) {transpose_a=false, transpose_b=true} -> float32[64,96]',
    ]);
  });

  it('reads a transposed matrix without the transpose', () => {
    const turned = node('t', 'Transpose', ['x', 'axes'], [64, 5]);
    expect(
      lower([5, 64], [5, 96], [axes(1, 0), turned, node('y', 'MatMul', ['t', 'w'], [64, 96], flags(false, false))]),
    ).toEqual(['LstmGanMatMul(x, w) {transpose_a=true, transpose_b=false} -> float32[64,96]']);
    expect(
      lower(
        [64, 5],
        [5, 96],
        [
          axes(1, 0),
          node('t', 'Transpose', ['x', 'axes'], [5, 64]),
          node('y', 'MatMul', ['t', 'w'], [64, 96], flags(true, false)),
        ],
      ),
    ).toEqual(['LstmGanMatMul(x, w) {transpose_a=false, transpose_b=false} -> float32[64,96]']);
  });

  it.each([
    ['few rows', [2, 5], [5, 96]],
    ['one column', [64, 5], [5, 1]],
  ])('replaces a product of %s too', (_what, x, w) => {
    expect(lower(x, w, [node('y', 'MatMul', ['x', 'w'], [x[0], w[1]], flags(false, false))])[0]).toMatch(
      /^LstmGanMatMul\(/,
    );
  });

  it('leaves bfloat16 to TensorFlow', () => {
    expect(
      lower(
        [64, 5],
        [5, 96],
        [node('y', 'MatMul', ['x', 'w'], [64, 96], { ...flags(false, false), T: { kind: 'type', value: 'bfloat16' } })],
      )[0],
    ).toMatch(/^MatMul\(/);
  });
});
