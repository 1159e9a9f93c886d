import { reshape, transpose } from '@tensorflow/tfjs-core';
import { stateless, type Layer } from './layer.ts';
import type { MapSize } from './patches.ts';

/**
 * Puts a map together from blocks of h x w positions, one for each time step, in raster order: from left to right, then
 * from top to bottom. [B, T, h * w * C] -> [B, H, W, C], where T is H * W / (h * w).
 */
export function fromBlocks([h, w]: MapSize, [height, width, channels]: readonly [number, number, number]): Layer {
  return stateless((x) => {
    const [batch] = x.shape;
    const blocks = reshape(x, [(batch * height) / h, width / w, h, w * channels]); // [B * H / h, W / w, h, w * C]
    return reshape(transpose(blocks, [0, 2, 1, 3]), [batch, height, width, channels]);
  });
}
