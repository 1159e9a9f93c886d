import { reshape } from '@tensorflow/tfjs-core';
import { stateless, type Layer } from './layer.ts';

/** Reshapes all axes but the first, which counts the images: [B, ...] -> [B, ...shape]. */
export function toShape(shape: readonly number[]): Layer {
  return stateless((x) => reshape(x, [x.shape[0], ...shape]));
}
