/** What a backend needs to train: its sentences, and the gradient of a filter against tfjs's own kernel. */
import '@tensorflow/tfjs';
import {
  Conv2DBackpropFilter,
  engine,
  getGradient,
  getKernel,
  getKernelsForBackend,
  registerGradient,
  registerKernel,
  setBackend,
  tensor4d,
  unregisterGradient,
  unregisterKernel,
  type GradConfig,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { UserError } from '../errors/user-error.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { prepareTraining } from './prepare-training.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const shapes: [name: string, x: number[], filter: number[], stride: number, pad: 'same' | 'valid'][] = [
  ['4 x 4, stride 2', [2, 8, 6, 3], [4, 4, 3, 5], 2, 'same'],
  ['odd sides', [2, 7, 5, 1], [4, 4, 1, 2], 2, 'same'],
  ['rows that no patch reads', [1, 8, 8, 2], [3, 3, 2, 2], 2, 'valid'],
  ['stride 1', [3, 4, 4, 2], [3, 3, 2, 3], 1, 'same'],
  ['a filter smaller than its stride', [1, 9, 9, 1], [1, 2, 1, 2], 3, 'same'],
];

it('computes the gradient of a filter as the kernel of cpu does', () => {
  const gradientOf = ([, shape, filterShape, strides, pad]: (typeof shapes)[number]): Float32Array => {
    const size = (lengths: readonly number[]) => lengths.reduce((product, length) => product * length, 1);
    const values = (lengths: readonly number[], seed: number) =>
      tensor4d(normalNoise(Int32Array.of(seed, 1), size(lengths)), lengths as [number, number, number, number]);
    const side = (length: number, extent: number) =>
      pad === 'same' ? Math.ceil(length / strides) : Math.floor((length - extent) / strides) + 1;
    const [batch, height, width] = shape;
    const out = [batch, side(height, filterShape[0]), side(width, filterShape[1]), filterShape[3]];
    const inputs = { x: values(shape, 1), dy: values(out, 2) };
    const attributes = { strides, pad, dataFormat: 'NHWC', filterShape };
    const result = engine().runKernel(Conv2DBackpropFilter, inputs, attributes) as unknown as Tensor;
    expect(result.shape).toEqual(filterShape);
    return result.dataSync() as Float32Array;
  };
  const own = shapes.map(gradientOf);
  prepareTraining();
  const kernel = getKernel(Conv2DBackpropFilter, 'cpu');
  prepareTraining();
  expect(getKernel(Conv2DBackpropFilter, 'cpu')).toBe(kernel);
  for (const [index, shape] of shapes.entries()) {
    const before = engine().memory().numTensors;
    const gradient = gradientOf(shape);
    // The two inputs and the result: nothing else is left.
    expect(engine().memory().numTensors).toBe(before + 3);
    const difference = gradient.reduce((most, value, i) => Math.max(most, Math.abs(value - own[index][i])), 0);
    expect(difference, shape[0]).toBeLessThan(1e-5);
  }
});

it('says which kernel a backend lacks', () => {
  for (const kernel of getKernelsForBackend('cpu')) {
    if (kernel.kernelName !== 'Step') registerKernel({ ...kernel, backendName: 'half' });
  }
  expect(() => prepareTraining('half')).toThrow("tfjs's backend half cannot train: it has no Step.");
  expect(() => prepareTraining('half')).toThrow(UserError);
  for (const { kernelName } of getKernelsForBackend('half')) unregisterKernel(kernelName, 'half');
});

it('says how the gradients of tfjs are registered', () => {
  const gradient = getGradient('Conv2D') as GradConfig;
  unregisterGradient('Conv2D');
  try {
    expect(() => prepareTraining()).toThrow('tfjs has no gradients: only its core and a backend are loaded.');
  } finally {
    registerGradient(gradient);
  }
});
