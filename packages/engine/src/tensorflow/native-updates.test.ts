import { adamUpdate, normalNoise, updateEma, type AdamVectors } from '@lstm-gan/core';
import { beforeAll, expect, it } from 'vitest';
import { provisionedCache } from '../testing/provisioned.ts';
import { loadNativeUpdates, type NativeUpdates } from './native-updates.ts';
import { locateTensorFlow } from './provision.ts';

let native: NativeUpdates;
beforeAll(async () => {
  const provisioned = await locateTensorFlow(await provisionedCache(), 'cpu');
  if (provisioned === undefined) throw new Error('TensorFlow is provisioned');
  native = loadNativeUpdates(provisioned);
});

const size = 100_003;
const numbers = (key: number, scale: number) => normalNoise([key, 1], size).map((value) => value * scale);
const vectors = (): AdamVectors => ({
  gradient: numbers(1, 1e-3).map((value, i) => (i % 7 === 0 ? 0 : i % 11 === 0 ? value * 1e-30 : value)),
  weights: numbers(2, 0.05),
  firstMoments: numbers(3, 1e-3),
  secondMoments: numbers(4, 1e-3).map((value) => value * value),
  newWeights: new Float32Array(size),
  newFirstMoments: new Float32Array(size),
  newSecondMoments: new Float32Array(size),
});

it('updates by Adam with the bits of the reference, within the range and nowhere else', () => {
  const [expected, actual] = [vectors(), vectors()];
  const options = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
  adamUpdate(expected, [5, size - 3], options, 0.125, 0.997);
  native.adam(actual, [5, size - 3], options, 0.125, 0.997);
  const bytes = ({ newWeights, newFirstMoments, newSecondMoments }: AdamVectors) =>
    Buffer.concat([newWeights, newFirstMoments, newSecondMoments].map(({ buffer }) => Buffer.from(buffer as ArrayBuffer)));
  expect(bytes(actual).equals(bytes(expected))).toBe(true);
  expect(actual.newWeights[0]).toBe(0);
});

it('averages with the bits of the reference', () => {
  const [ema, weights] = [numbers(5, 1), numbers(6, 1)];
  expect(Buffer.from(native.ema(ema, weights, 0.995).buffer).equals(Buffer.from(updateEma(ema, weights, 0.995).buffer))).toBe(true);
});

it('refuses arrays of different lengths, and a range beyond them', () => {
  const options = { learningRate: 1, beta1: 0.5, beta2: 0.9, epsilon: 1 };
  expect(() => native.adam({ ...vectors(), newWeights: new Float32Array(1) }, [0, 1], options, 0.5, 0.9)).toThrow('one length');
  expect(() => native.adam(vectors(), [0, size + 1], options, 0.5, 0.9)).toThrow('one length');
});
