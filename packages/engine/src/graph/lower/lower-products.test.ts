import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation, wholeNumbers } from '../../testing/run-operation.ts';
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

/** The lines of a product of x and w behind some nodes. */
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
  it('takes our operation for a product of many rows', () => {
    expect(lower([64, 5], [5, 96], [node('y', 'MatMul', ['x', 'w'], [64, 96], flags(false, false))])).toEqual([
      'LstmGanMatMul(x, w) {transpose_a=false, transpose_b=false} -> float32[64,96]',
    ]);
    expect(lower([64, 5], [96, 5], [node('y', 'MatMul', ['x', 'w'], [64, 96], flags(false, true))])).toEqual([
      'LstmGanMatMul(x, w) {transpose_a=false, transpose_b=true} -> float32[64,96]',
    ]);
  });

  it('takes a transposed matrix as it lies', () => {
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
    ['few rows', [16, 5], [5, 96]],
    ['rows that do not make strips', [36, 5], [5, 96]],
    ['columns that do not make panels', [64, 5], [5, 80]],
  ])('leaves products of %s to TensorFlow', (_what, x, w) => {
    expect(lower(x, w, [node('y', 'MatMul', ['x', 'w'], [x[0], w[1]], flags(false, false))])[0]).toMatch(/^MatMul\(/);
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

describe('the matrix product', () => {
  function product(
    a: Float32Array,
    b: Float32Array,
    [rows, terms, columns]: number[],
    transposeA: boolean,
    transposeB: boolean,
  ): Float64Array {
    const result = new Float64Array(rows * columns);
    for (let i = 0; i < rows * columns; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      for (let k = 0; k < terms; k++)
        result[i] +=
          a[transposeA ? k * rows + row : row * terms + k] * b[transposeB ? column * terms + k : k * columns + column];
    }
    return result;
  }

  const shapes = [
    [8, 1, 32],
    [40, 21, 96],
    [64, 300, 1024],
  ];
  const flips = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ];
  it.each(shapes.flatMap((shape) => flips.map(([transposeA, transposeB]) => ({ shape, transposeA, transposeB }))))(
    'of $shape, transposed: $transposeA and $transposeB, is that of the definition, with the same bits for any number of threads',
    async ({ shape: [rows, terms, columns], transposeA, transposeB }) => {
      const run = (a: Float32Array, b: Float32Array, threads: number) =>
        runOperation(
          'LstmGanMatMul',
          {
            a: { spec: transposeA ? float(terms, rows) : float(rows, terms), data: a },
            b: { spec: transposeB ? float(columns, terms) : float(terms, columns), data: b },
          },
          flags(transposeA, transposeB),
          [float(rows, columns)],
          threads,
        );
      const exact = [wholeNumbers(rows * terms), wholeNumbers(terms * columns)] as const;
      expect(await run(...exact, 2)).toEqual([
        Float32Array.from(product(...exact, [rows, terms, columns], transposeA, transposeB)),
      ]);
      const drawn = [numbers(3, rows * terms), numbers(4, terms * columns)] as const;
      const [one] = await run(...drawn, 1);
      product(...drawn, [rows, terms, columns], transposeA, transposeB).forEach((expected, i) =>
        expect(Math.abs(one[i] - expected)).toBeLessThan(1e-6 * Math.max(8, terms)),
      );
      expect(await run(...drawn, 3)).toEqual([one]);
    },
  );

  it('refuses matrices that do not fit, in a sentence', async () => {
    const feed = (...shape: number[]) => ({ spec: float(...shape), data: wholeNumbers(shape[0] * shape[1]) });
    for (const [a, b] of [
      [
        [8, 4],
        [5, 32],
      ],
      [
        [7, 4],
        [4, 32],
      ],
      [
        [8, 4],
        [4, 31],
      ],
    ]) {
      await expect(
        runOperation('LstmGanMatMul', { a: feed(...a), b: feed(...b) }, flags(false, false), [float(a[0], b[1])]),
      ).rejects.toThrow('a matrix product takes matrices that fit each other');
    }
  });
});
