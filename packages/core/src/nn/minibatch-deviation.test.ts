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

it('refuses images that it cannot divide into groups', () => {
  const images = (count: number) => tensor2d(new Float32Array(2 * count), [count, 2]);
  expect(() => minibatchDeviation(3).apply(images(4), pass)).toThrow('cannot divide 4 images into groups of 3');
  expect(() => minibatchDeviation(4).apply(images(2), pass)).toThrow('cannot divide 2 images into groups of 4');
});
