import { expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

const functions: Readonly<Record<string, (x: number) => number>> = {
  LstmGanTanh: Math.tanh,
  LstmGanSigmoid: (x) => 1 / (1 + Math.exp(-x)),
  LstmGanSoftplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  LstmGanRsqrt: (x) => 1 / Math.sqrt(x),
};

const run = (op: string, values: Float32Array, threads = 1) =>
  runOperation(op, { x: { spec: float(values.length), data: values } }, {}, [float(values.length)], threads);

it.each(Object.entries(functions))(
  '%s agrees with the function to three units in the last place, with the same bits for any number of threads',
  async (op, f) => {
    const values = numbers(5, 10_003).map((x, i) => (op === 'LstmGanRsqrt' ? x * x + 1e-3 : x * 10 ** ((i % 5) - 3)));
    const [results] = await run(op, values);
    const errors = results.map((y, i) => Math.abs(y - f(values[i])) / Math.max(Math.abs(f(values[i])), 1e-30));
    expect(Math.max(...errors)).toBeLessThan(3 * 2 ** -23);
    for (const threads of [2, 3]) expect(await run(op, values, threads)).toEqual([results]);
  },
);

it.each([
  ['LstmGanTanh', 1, -1],
  ['LstmGanSigmoid', 1, 0],
  ['LstmGanSoftplus', Infinity, 0],
])('%s of infinities is %d and %d, and NaN stays NaN', async (op, ofInfinity, ofMinusInfinity) => {
  const [[large, small, none]] = await run(op, Float32Array.of(Infinity, -Infinity, NaN));
  expect([large, none]).toEqual([ofInfinity, NaN]);
  expect(small).toBeCloseTo(ofMinusInfinity, 30);
});
