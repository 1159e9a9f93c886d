import type { AdamUpdate, EmaUpdate } from '@lstm-gan/core';
import { loadAddon } from './session.ts';
import type { Provisioned } from './provision.ts';

/** Core's updates of weights as native code: the same bits, several times as fast. */
export interface NativeUpdates {
  readonly adam: AdamUpdate;
  readonly ema: EmaUpdate;
}

export function loadNativeUpdates(provisioned: Provisioned): NativeUpdates {
  const addon = loadAddon(provisioned);
  return {
    adam(vectors, [start, end], { learningRate, beta1, beta2, epsilon }, beta1Power, beta2Power) {
      const { gradient, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments } = vectors;
      const numbers = [start, end, learningRate, beta1, beta2, epsilon, beta1Power, beta2Power];
      addon.adam(gradient, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments, numbers);
    },
    ema(average, weights, beta) {
      const next = new Float32Array(average.length);
      addon.average(average, weights, next, beta);
      return next;
    },
  };
}
