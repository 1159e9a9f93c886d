import { roundToBfloat16 } from '@lstm-gan/core/weights';
import type { RunConfig } from '@lstm-gan/core/config';

/** Returns weights as they are sent to workers: the same array for `wire: float32`, a rounded copy for bfloat16. */
export function roundForWire(
  weights: Float32Array,
  wire: RunConfig['wire'],
  allocate: (length: number) => Float32Array,
): Float32Array {
  if (wire === 'float32') return weights;
  const rounded = allocate(weights.length);
  rounded.set(weights);
  roundToBfloat16(rounded);
  return rounded;
}
