import { describe, expect, it } from 'vitest';
import type { Attribute } from '../graph/graph.ts';
import { float, numbers, runOperation, wholeNumbers } from '../testing/run-operation.ts';

const flags = (a: boolean, b: boolean): Record<string, Attribute> => ({
  transpose_a: { kind: 'bool', value: a },
  transpose_b: { kind: 'bool', value: b },
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
    [1, 1, 1],
    [3, 5, 1],
    [1, 700, 33],
    [19, 40, 70],
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
    'of $shape, transposed: $transposeA and $transposeB, is the definition, with the same bits for any thread count',
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
        [0, 4],
        [4, 32],
      ],
      [
        [8, 0],
        [0, 32],
      ],
    ]) {
      await expect(
        runOperation('LstmGanMatMul', { a: feed(...a), b: feed(...b) }, flags(false, false), [float(a[0], b[1])]),
      ).rejects.toThrow('a matrix product takes two matrices that are not empty and fit each other');
    }
  });
});
