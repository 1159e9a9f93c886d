import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

describe('column sums', () => {
  /** The definition: parts of 256 rows, each added row by row in float32; then the sums of the parts, in order. */
  function columnSums(values: Float32Array, columns: number): Float32Array {
    const add = (rows: readonly Float32Array[]): Float32Array =>
      rows.slice(1).reduce((sum, row) => sum.map((value, c) => value + row[c]), rows[0]);
    const rows = Array.from({ length: values.length / columns }, (_, r) =>
      values.subarray(r * columns, (r + 1) * columns),
    );
    const parts = Array.from({ length: Math.ceil(rows.length / 256) }, (_, p) => rows.slice(256 * p, 256 * (p + 1)));
    return add(parts.map(add));
  }
  const run = (values: Float32Array, shape: readonly number[], threads: number) =>
    runOperation(
      'LstmGanColumnSums',
      { values: { spec: float(...shape), data: values } },
      {},
      [float(shape.at(-1) as number)],
      threads,
    );

  it.each([[[1, 1]], [[5]], [[256, 3]], [[257, 33]], [[4, 16, 16, 20]]])(
    'of %j have the bits of the definition, for any number of threads',
    async (shape) => {
      const values = numbers(
        3,
        shape.reduce((product, length) => product * length, 1),
      );
      const expected = columnSums(values, shape.at(-1) as number);
      for (const threads of [1, 2, 3, 8]) expect(await run(values, shape, threads)).toEqual([expected]);
    },
  );

  it('keep the sign of zero', async () => {
    expect(await run(Float32Array.of(-0, 0), [1, 2], 1)).toEqual([Float32Array.of(-0, 0)]);
  });

  it('of nothing are refused, in a sentence', async () => {
    await expect(run(new Float32Array(0), [0, 4], 1)).rejects.toThrow('column sums take a tensor');
  });
});
