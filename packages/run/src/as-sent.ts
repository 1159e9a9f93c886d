import { roundToBfloat16 } from '@lstm-gan/core/weights';
import type { RunConfig } from './config/run-config-schema.ts';

/** Weights as they are sent to those who compute with them: themselves, or a rounded copy. */
export function asSent(
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
