import { describe, expect, it } from 'vitest';
import type { Attribute } from '../graph/graph.ts';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

describe('the thin product', () => {
  const attributes = (transposed: boolean): Record<string, Attribute> => ({
    transposed: { kind: 'bool', value: transposed },
  });

  /**
   * The definition: rows [count, terms] times a matrix [terms, columns]. If `transposed`, the matrix is given as
   * [columns, terms].
   */
  const product = (
    rows: Float32Array,
    matrix: Float32Array,
    [count, terms, columns]: number[],
    transposed: boolean,
  ): number[] =>
    Array.from({ length: count * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let k = 0; k < terms; k++)
        sum += rows[row * terms + k] * matrix[transposed ? column * terms + k : k * columns + column];
      return sum;
    });

  const shapes = [
    [1, 32, 32],
    [5, 96, 160],
    [16, 128, 512],
  ];
  it.each(
    shapes.flatMap(([count, terms, columns]) =>
      [false, true].map((transposed) => ({ count, terms, columns, transposed })),
    ),
  )(
    'multiplies $count rows of $terms terms, $columns columns, transposed: $transposed, with equal bits for any thread count',
    async ({ count, terms, columns, transposed }) => {
      const [rows, matrix] = [numbers(3, count * terms), numbers(4, terms * columns)];
      const inputs = {
        rows: { spec: float(count, terms), data: rows },
        matrix: { spec: transposed ? float(columns, terms) : float(terms, columns), data: matrix },
      };
      const run = (threads: number) =>
        runOperation('LstmGanThinProduct', inputs, attributes(transposed), [float(count, columns)], threads);
      const [one] = await run(1);
      product(rows, matrix, [count, terms, columns], transposed).forEach((expected, i) =>
        expect(Math.abs(one[i] - expected)).toBeLessThan(1e-6 * terms),
      );
      expect(await run(3)).toEqual([one]);
    },
  );

  it.each([
    [17, [32, 32], false],
    [4, [32, 48], false],
    [4, [64, 32], false],
    [4, [32, 64], true],
  ])('refuses %i rows and a matrix of %j, transposed: %s, in a sentence', async (count, shape, transposed) => {
    const inputs = {
      rows: { spec: float(count, 32), data: numbers(3, count * 32) },
      matrix: { spec: float(...shape), data: numbers(4, shape[0] * shape[1]) },
    };
    await expect(
      runOperation('LstmGanThinProduct', inputs, attributes(transposed), [float(count, shape[1])]),
    ).rejects.toThrow('a thin product takes at most 16 rows');
  });
});
