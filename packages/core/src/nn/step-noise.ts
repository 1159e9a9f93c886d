import { concat, reshape, slice, tile } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';

/**
 * Gives each time step noise of its own (RGAN: Esteban et al., 2017). The first L numbers of the noise go through
 * `layers`, which make the features of all steps; the other T * N numbers join these features, N at each step:
 * [B, L + T * N] -> [B, T, ..., F + N].
 * @param layers [B, L] -> [B, T, ..., F]
 */
export function stepNoise(layers: readonly Layer[], steps: number, count: number): Layer {
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply(noise, pass) {
      const [batch, length] = noise.shape as [number, number];
      const shared = length - steps * count;
      const features = layers.reduce((x, layer) => layer.apply(x, pass), slice(noise, [0, 0], [batch, shared]));
      const inner = features.shape.slice(2, -1); // every position of a map gets the noise of its step
      const own = reshape(slice(noise, [0, shared], [batch, steps * count]), [
        batch,
        steps,
        ...inner.map(() => 1),
        count,
      ]);
      return concat([features, inner.length === 0 ? own : tile(own, [1, 1, ...inner, 1])], -1);
    },
  };
}
