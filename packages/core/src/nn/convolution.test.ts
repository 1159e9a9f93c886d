import '@tensorflow/tfjs';
import { conv2dTranspose, grads, mul, setBackend, sum, tensor4d, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { transposedConvolution } from './convolution.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

/** Small whole numbers, so that every sum is exact. */
const numbers = (shape: [number, number, number, number]) =>
  tensor4d(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 7) % 11) - 5), shape);

it.each([1, 3])('transposes a convolution to %i channels as the definition says, with its gradients', (outputs) => {
  const [x, kernel] = [numbers([2, 3, 5, 4]), numbers([4, 4, outputs, 4])];
  const bias = numbers([1, 1, 1, outputs]).reshape([outputs]);
  const slopes = numbers([2, 6, 10, outputs]);
  const layer = transposedConvolution('last', 4, outputs);
  const own = (a: Tensor, b: Tensor) =>
    layer.apply(a, { parameter: (name) => (name === 'last/kernel' ? b : bias), training: true });
  const defined = (a: Tensor, b: Tensor) => conv2dTranspose(a as Tensor4D, b as Tensor4D, [2, 6, 10, outputs], 2, 'same').add(bias);
  expect(own(x, kernel).arraySync()).toEqual(defined(x, kernel).arraySync());
  const gradientsOf = (formula: typeof own) => grads((a: Tensor, b: Tensor) => sum(mul(formula(a, b), slopes)))([x, kernel]).map((g) => g.arraySync());
  expect(gradientsOf(own)).toEqual(gradientsOf(defined));
});
