import type { VectorArithmetic } from '@lstm-gan/core';
import { loadAddon } from './session.ts';
import type { Provisioned } from './provision.ts';

/** Core's arithmetic on weight vectors as native code: the same bits for any number of threads, several times as fast. */
export function loadNativeArithmetic(provisioned: Provisioned, threads: number): VectorArithmetic {
  const addon = loadAddon(provisioned);
  const allocate = (length: number): Float32Array => (length === 0 ? new Float32Array(0) : new Float32Array(addon.allocate(length * 4)));
  return {
    allocate,
    release: (array) => addon.release(array),
    accumulate: (target, term) => addon.accumulate(target, term, threads),
    isFinite: (vector) => addon.isFinite(vector),
    adam(vectors, [start, end], divisor, { learningRate, beta1, beta2, epsilon }, beta1Power, beta2Power) {
      const { gradientSum, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments } = vectors;
      const numbers = [threads, start, end, divisor, learningRate, beta1, beta2, epsilon, beta1Power, beta2Power];
      addon.adam(gradientSum, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments, numbers);
    },
    ema(average, weights, beta) {
      const next = allocate(average.length);
      addon.average(average, weights, next, beta, threads);
      return next;
    },
  };
}
