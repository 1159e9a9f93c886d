import { expect, it } from 'vitest';
import { createLayout } from '../weights/layout.ts';
import { adamAfter } from './adam.ts';
import { emaBeta, updateEma } from './ema.ts';
import { findNotFinite } from '../weights/finite.ts';
import { createNetworkState, updateNetwork } from './network-state.ts';

const layout = createLayout([
  { name: 'dense0/kernel', shape: [2], role: 'trainable' },
  { name: 'norm0/movingMean', shape: [1], role: 'state' },
  { name: 'norm0/movingVariance', shape: [1], role: 'state' },
]);
const options = { learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };

it('updates parameters by Adam and state by moving averages', () => {
  const start = createNetworkState(Float32Array.of(1, -1, 0, 1));
  const first = updateNetwork(layout, start, Float32Array.of(1, -4, 6, 26), 2, options).state;
  // Adam's first update moves a weight by the learning rate, against the sign of its gradient.
  expect(first.weights[0]).toBeCloseTo(0.9, 6);
  expect(first.weights[1]).toBeCloseTo(-0.9, 6);
  expect(first.weights[2]).toBeCloseTo(0.2 * 3, 6);
  expect(first.weights[3]).toBeCloseTo(0.8 + 0.2 * (13 - 9), 6);
  expect(first.firstMoments).toEqual(Float32Array.of(0.25, -1, 0, 0));
  const second = updateNetwork(layout, first, Float32Array.of(0, 0, 3, 13), 1, options).state;
  const m = 0.125 / (1 - 0.25);
  const v = (0.025 * 0.9) / (1 - 0.81);
  expect(second.weights[0]).toBeCloseTo(first.weights[0] - (0.1 * m) / (Math.sqrt(v) + 1e-8), 6);
  expect([second.beta1Power, second.updates]).toEqual([0.25, 2]);
});

it('writes new arrays and leaves the old state as it was', () => {
  const start = createNetworkState(Float32Array.of(1, -1, 0, 1));
  updateNetwork(layout, start, Float32Array.of(1, 1, 1, 1), 1, options);
  expect(start).toEqual(createNetworkState(Float32Array.of(1, -1, 0, 1)));
});

it.each([0, 2])('reports weights that are not finite, among parameters and in state (float %i)', (index) => {
  const start = createNetworkState(Float32Array.of(1, -1, 0, 1));
  const contribution = Float32Array.of(1, 1, 1, 1);
  expect(updateNetwork(layout, start, contribution, 1, options).isFinite).toBe(true);
  expect(updateNetwork(layout, start, contribution.fill(NaN, index, index + 1), 1, options).isFinite).toBe(false);
});

it.each([NaN, Infinity, -Infinity])('names the entry that holds %s', (value) => {
  expect(findNotFinite(layout, Float32Array.of(1, 3e38, 3e38, 3e38))).toBeUndefined();
  expect(findNotFinite(layout, Float32Array.of(1, 2, value, 4))).toBe('norm0/movingMean');
});

it('halves the influence of old weights in each half-life, which is shorter during the ramp-up', () => {
  expect(emaBeta({ halfLifeImages: 64, rampUp: null }, 64, 64)).toBe(0.5);
  expect(emaBeta({ halfLifeImages: 64, rampUp: 0.5 }, 64, 64)).toBe(0.25);
  expect(updateEma(Float32Array.of(4), Float32Array.of(8), 0.5)).toEqual(Float32Array.of(6));
});

it('the learning rate falls linearly between two counts of images', () => {
  const schedule = { startImages: 100, endImages: 300, finalShare: 0.5 };
  const rateAfter = (images: number) => adamAfter({ ...options, learningRate: 8, schedule }, images).learningRate;
  expect([0, 100, 200, 300, 1000].map(rateAfter)).toEqual([8, 8, 6, 4, 4]);
  expect(adamAfter(options, 1e9)).toEqual(options);
});
