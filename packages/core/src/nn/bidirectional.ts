import { concat, reverse } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';

/**
 * Two recurrent layers (Schuster & Paliwal, 1997): one reads the time steps in order, the other from the last to the
 * first. Their outputs are concatenated along the last axis: [B, T, ..., F] -> [B, T, ..., 2U].
 */
export function bidirectional(onward: Layer, backward: Layer): Layer {
  return {
    parameters: [...onward.parameters, ...backward.parameters],
    apply(x, pass) {
      const reversed = backward.apply(reverse(x, 1), pass);
      return concat([onward.apply(x, pass), reverse(reversed, 1)], -1);
    },
  };
}
