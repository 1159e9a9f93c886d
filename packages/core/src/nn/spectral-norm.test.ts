import '@tensorflow/tfjs';
import { grad, setBackend, sum, tensor1d, tensor2d, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { dense } from './dense.ts';
import { spectralNorm } from './spectral-norm.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const layer = spectralNorm(dense('d', 2, 2));
/** Singular values 3 and 1. */
const kernel = () =>
  tensor2d([
    [0, 1],
    [3, 0],
  ]);
const run = (x: Tensor, weights: Tensor, direction: Tensor) => {
  const parameters = new Map([
    ['d/kernel', weights],
    ['d/bias', tensor1d([0, 0])],
    ['d/direction', direction],
  ]);
  let next = direction;
  const y = layer.apply(x, {
    training: true,
    parameter: (name) => parameters.get(name) as Tensor,
    onDirection: (name, found) => {
      expect(name).toBe('d/direction');
      next = found;
    },
  });
  return { y, next };
};

it('has the direction as a state of its own', () => {
  expect(layer.parameters.map(({ name, role }) => [name, role])).toEqual([
    ['d/kernel', 'trainable'],
    ['d/bias', 'trainable'],
    ['d/direction', 'state'],
  ]);
});

it('divides the kernel by its largest singular value, once the directions of some passes have been taken over', () => {
  let direction: Tensor = tensor1d([0.3, 0.9]);
  for (let pass = 0; pass < 20; pass++) direction = run(tensor2d([[1, 0]]), kernel(), direction).next;
  expect(Math.abs(direction.dataSync()[0])).toBeCloseTo(1, 5);
  const { y } = run(tensor2d([[1, 2]]), kernel(), direction);
  expect([...y.dataSync()].map((value) => value.toFixed(4))).toEqual(['2.0000', '0.3333']);
});

it('takes the directions for constants: the gradient is (dy - (dy . y / value) d value) / value', () => {
  // With the exact directions, d value / d kernel is the outer product of v = (0, 1) and u = (1, 0), and value is 3.
  const slopes = grad((weights: Tensor) => sum(run(tensor2d([[1, 2]]), weights, tensor1d([1, 0])).y))(kernel());
  // y = x W / value, so sum(y) = 7 / 3: dW[i][j] = x[i] / 3 - [i = 1, j = 0] 7 / 9.
  expect([...slopes.dataSync()].map((value) => value.toFixed(4))).toEqual(['0.3333', '0.3333', '-0.1111', '0.6667']);
});
