/**
 * A generator of one's own: a GRU writes a feature map row by row, and two transposed convolutions make the image of it.
 *
 *     lstm-gan train --model examples/gru-generator.mjs
 *     lstm-gan train --model examples/gru-generator.mjs --set model.generator.options.units=256
 *
 * docs/own-network.md explains this file. Shapes in comments: B images, T time steps, U units, H W C map.
 */
import { dense, gru, leakyRelu, stateless, toShape, transposedConvolution } from '@lstm-gan/core/layers';
import { add, div, mean, sqrt, square, tanh } from '@tensorflow/tfjs-core';

export const generators = {
  /** Noise [B, latent] -> images [B, size, size, channels] in [-1, 1]. */
  'gru-rows': ({ latent, image, options }) => {
    const { units = 128, depth = 64 } = options;
    const { size, channels } = image;
    if (size % 4 !== 0) throw new Error(`gru-rows makes images whose size is a multiple of 4, not ${size}`);
    const rows = size / 4;
    return [
      dense('dense0', latent, rows * units), // [B, T * U]
      leakyRelu(),
      toShape([rows, units]), // [B, T, U]: a time step for each row
      gru('gru0', units, rows * depth), // [B, T, W * C]
      toShape([rows, rows, depth]), // [B, H, W, C]: each time step has written a row
      pixelNorm(),
      transposedConvolution('up0', depth, depth / 2), // [B, 2 H, 2 W, C / 2]
      leakyRelu(),
      pixelNorm(),
      transposedConvolution('up1', depth / 2, channels), // [B, size, size, channels]
      stateless((x) => tanh(x)),
    ];
  },
};

/** A layer of one's own, without parameters: each pixel's features, divided by their root mean square (Karras et al., 2018). */
function pixelNorm() {
  return stateless((x) => div(x, sqrt(add(mean(square(x), -1, true), 1e-8))));
}
