import { createLayouts } from '@lstm-gan/core';
import type { RunConfig } from '@lstm-gan/run';
import { defaultLimits, type Limits } from '@lstm-gan/transport';

/**
 * How large a message of a worker may be: the largest has a sum for each of its subtrees, which are few. What would be larger
 * is refused before there is memory for it.
 */
export function messageLimits({ model, batchSize, shardSize }: RunConfig): Limits {
  const { generator, discriminator } = createLayouts(model);
  const subtrees = 2 * Math.ceil(Math.log2(batchSize / shardSize) + 1);
  return {
    ...defaultLimits,
    maxArrayBytes: Math.max(generator.size, discriminator.size) * Float32Array.BYTES_PER_ELEMENT * subtrees,
  };
}
