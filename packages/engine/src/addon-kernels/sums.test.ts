import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

describe('sums over the first axes', () => {
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
  const run = (
    values: Float32Array,
    shape: readonly number[],
    { axes = shape.length - 1, isMean = false, threads = 1 }: { axes?: number; isMean?: boolean; threads?: number },
  ) => {
    const attributes = {
      axes: { kind: 'int', value: axes },
      keep_dims: { kind: 'bool', value: false },
      is_mean: { kind: 'bool', value: isMean },
    } as const;
    const inputs = { values: { spec: float(...shape), data: values } };
    return runOperation('LstmGanSum', inputs, attributes, [float(...shape.slice(axes))], threads);
  };

  it.each([
    [[1, 1], 1],
    [[5], 0],
    [[256, 3], 1],
    [[257, 33], 1],
    [[4, 16, 16, 20], 3],
    [[3, 90, 8, 2], 2],
    [[2, 40, 40, 3], 4],
  ])(
    'of %j over %i axes, and means, have the bits of the definition, for any number of threads',
    async (shape, axes) => {
      const size = (lengths: readonly number[]) => lengths.reduce((product, length) => product * length, 1);
      const values = numbers(3, size(shape));
      const expected = columnSums(values, size(shape.slice(axes)));
      for (const threads of [1, 2, 3, 8]) {
        expect(await run(values, shape, { axes, threads })).toEqual([expected]);
        const rows = size(shape.slice(0, axes));
        expect(await run(values, shape, { axes, threads, isMean: true })).toEqual([expected.map((sum) => sum / rows)]);
      }
    },
  );

  it('keep the sign of zero', async () => {
    expect(await run(Float32Array.of(-0, 0), [1, 2], {})).toEqual([Float32Array.of(-0, 0)]);
  });

  it('of nothing, or over more axes than there are, are refused, in a sentence', async () => {
    await expect(run(new Float32Array(0), [0, 4], {})).rejects.toThrow('a sum takes a tensor that has its axes');
    await expect(run(new Float32Array(4), [4], { axes: 2 })).rejects.toThrow('a sum takes a tensor that has its axes');
    await expect(run(new Float32Array(4), [4], { axes: -1 })).rejects.toThrow('not negative');
  });
});
