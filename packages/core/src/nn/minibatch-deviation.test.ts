import '@tensorflow/tfjs';
import { setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { Pass } from './layer.ts';
import { minibatchDeviation } from './minibatch-deviation.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const pass: Pass = {
  training: true,
  parameter: () => {
    throw new Error('this layer has no parameters');
  },
};

it('adds the mean deviation of the features within each group of neighbours', () => {
  // The first group differs in the second feature alone (deviation 2); the second group does not differ.
  const x = tensor2d([
    [1, 5],
    [1, 1],
    [7, 7],
    [7, 7],
  ]);
  const y = minibatchDeviation(2).apply(x, pass);
  expect(y.shape).toEqual([4, 3]);
  const rows = y.arraySync() as number[][];
  expect(rows.map(([a, b]) => [a, b])).toEqual(x.arraySync());
  expect(rows[0][2]).toBeCloseTo((2 + 1e-4) / 2, 5);
  expect(rows[1][2]).toBe(rows[0][2]);
  expect(rows[2][2]).toBeCloseTo(1e-4, 6);
});
