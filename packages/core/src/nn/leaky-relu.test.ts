import '@tensorflow/tfjs';
import { grad, setBackend, sum, tensor1d, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { Pass } from './layer.ts';
import { leakyRelu } from './leaky-relu.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const pass: Pass = {
  training: true,
  parameter: () => {
    throw new Error('this layer has no parameters');
  },
};

it('multiplies numbers below 0 by 0.2, and has that slope at 0 too, as TensorFlow has', () => {
  const apply = (x: Tensor) => leakyRelu().apply(x, pass);
  const x = tensor1d([3, -5, 0]);
  expect([...apply(x).dataSync()]).toEqual([3, -1, 0]);
  const slopes = [...grad((y) => sum(apply(y)))(x).dataSync()];
  expect(slopes).toEqual([1, Math.fround(0.2), Math.fround(0.2)]);
});
