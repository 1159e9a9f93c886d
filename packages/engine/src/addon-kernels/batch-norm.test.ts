import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

const epsilon = Math.fround(1e-3);
const { fround } = Math;

/** Sums of `terms(row)` over the rows, by their definition: parts of 256 rows in order, in float32. */
function sumRows(rows: number, columns: number, term: (row: number, column: number) => number): number[] {
  return Array.from({ length: columns }, (_, c) => {
    const parts = Array.from({ length: Math.ceil(rows / 256) }, (_part, part) => {
      let sum = 0;
      for (let row = 256 * part; row < Math.min(rows, 256 * (part + 1)); row++) sum = fround(sum + term(row, c));
      return sum;
    });
    return parts.reduce((sum, part) => fround(sum + part));
  });
}

/** The definition of the forward pass, in float32: y, mean, unbiased variance, inverse of the standard deviation. */
function forward(x: Float32Array, scale: Float32Array, offset: Float32Array): number[][] {
  const columns = scale.length;
  const rows = x.length / columns;
  const centred = (row: number, c: number): number => fround(x[row * columns + c] - mean[c]);
  const mean = sumRows(rows, columns, (row, c) => x[row * columns + c]).map((sum) => fround(sum / rows));
  const squares = sumRows(rows, columns, (row, c) => fround(centred(row, c) * centred(row, c)));
  const inverse = squares.map((sum) => fround(1 / fround(Math.sqrt(fround(fround(sum / rows) + epsilon)))));
  const y = Array.from(x, (_, i) => {
    const [row, c] = [Math.floor(i / columns), i % columns];
    return fround(fround(centred(row, c) * fround(scale[c] * inverse[c])) + offset[c]);
  });
  return [y, mean, squares.map((sum) => fround(sum / Math.max(rows - 1, 1))), inverse];
}

/** The definition of the gradient, in float32: of x, scale and offset. */
function backward(
  dy: Float32Array,
  x: Float32Array,
  scale: Float32Array,
  mean: readonly number[],
  inverse: readonly number[],
): number[][] {
  const columns = scale.length;
  const rows = x.length / columns;
  const centred = (i: number): number => fround(x[i] - mean[i % columns]);
  const dOffset = sumRows(rows, columns, (row, c) => dy[row * columns + c]);
  const products = sumRows(rows, columns, (row, c) => {
    const i = row * columns + c;
    return fround(dy[i] * centred(i));
  });
  const dScale = products.map((sum, c) => fround(sum * inverse[c]));
  const dx = Array.from(dy, (_, i) => {
    const c = i % columns;
    const slope = fround(fround(dScale[c] * inverse[c]) / rows);
    const shifted = fround(dy[i] - fround(dOffset[c] / rows));
    return fround(fround(shifted - fround(centred(i) * slope)) * fround(scale[c] * inverse[c]));
  });
  return [dx, dScale, dOffset];
}

const plain = (arrays: readonly Float32Array[]): number[][] => arrays.map((array) => Array.from(array));

describe('batch normalisation', () => {
  const attributes = { epsilon: { kind: 'float', value: epsilon } } as const;

  it.each([[[1, 3]], [[256, 8]], [[257, 33]], [[2, 16, 16, 20]]])(
    'of %j, and its gradient, have the bits of the definition, for any number of threads',
    async (shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const columns = shape.at(-1) as number;
      const [x, dy] = [numbers(1, size), numbers(2, size)].map((data) => ({ spec: float(...shape), data }));
      const [scale, offset] = [numbers(3, columns), numbers(4, columns)].map((data) => ({
        spec: float(columns),
        data,
      }));
      const expected = forward(x.data, scale.data, offset.data);
      const [, mean, , inverse] = expected;
      const expectedGradient = backward(dy.data, x.data, scale.data, mean, inverse);
      const channel = (values: readonly number[]) => ({ spec: float(columns), data: Float32Array.from(values) });
      for (const threads of [1, 2, 5]) {
        const outputs = [float(...shape), float(columns), float(columns), float(columns)];
        const result = await runOperation('LstmGanBatchNorm', { x, scale, offset }, attributes, outputs, threads);
        expect(plain(result)).toEqual(expected);
        const gradient = await runOperation(
          'LstmGanBatchNormGrad',
          { dy, x, scale, mean: channel(mean), inverse: channel(inverse) },
          {},
          [float(...shape), float(columns), float(columns)],
          threads,
        );
        expect(plain(gradient)).toEqual(expectedGradient);
      }
    },
  );

  it('of another number of channels is refused, in a sentence', async () => {
    const x = { spec: float(2, 4), data: new Float32Array(8) };
    const scale = { spec: float(3), data: new Float32Array(3) };
    const outputs = [float(2, 4), float(4), float(4), float(4)];
    await expect(runOperation('LstmGanBatchNorm', { x, scale, offset: scale }, attributes, outputs)).rejects.toThrow(
      'one number for each of its channels',
    );
  });

  it('of a number without channels, of nothing, or with a gradient of another size is refused, in a sentence', async () => {
    const [none, one, two] = [0, 1, 2].map((length) => ({ spec: float(length), data: new Float32Array(length) }));
    const number = { spec: float(), data: new Float32Array(1) };
    const outputs = [float(), float(0), float(0), float(0)];
    for (const x of [number, none])
      await expect(
        runOperation('LstmGanBatchNorm', { x, scale: none, offset: none }, attributes, outputs),
      ).rejects.toThrow('a tensor that is not empty');
    await expect(
      runOperation('LstmGanBatchNormGrad', { dy: two, x: one, scale: one, mean: one, inverse: one }, {}, [
        ...[float(1), float(1), float(1)],
      ]),
    ).rejects.toThrow('has the shape of its input');
  });
});
