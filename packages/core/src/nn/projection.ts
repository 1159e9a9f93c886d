import { add, mul, reshape, sum, transpose } from '@tensorflow/tfjs-core';
import { classesOf, type Layer } from './layer.ts';

/**
 * Logits of a conditional discriminator by projection (Miyato & Koyama, 2018), [B, F] -> [B, 1]: w . x + b + v_y . x,
 * where y is the image's class.
 * @param ofAll w . x + b, [B, F] -> [B, 1]
 * @param ofClasses v_c . x for every class c, [B, F] -> [B, C]
 */
export function projection(ofAll: Layer, ofClasses: Layer): Layer {
  return {
    parameters: [...ofAll.parameters, ...ofClasses.parameters],
    apply(x, pass) {
      // The classes come first, because our own sums are over first axes only. All terms of a sum but one are 0.
      const ofLabel = sum(transpose(mul(ofClasses.apply(x, pass), classesOf(pass))), 0); // [B]
      return add(ofAll.apply(x, pass), reshape(ofLabel, [-1, 1]));
    },
  };
}
