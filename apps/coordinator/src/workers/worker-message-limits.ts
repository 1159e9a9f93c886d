import { createLayouts } from '@lstm-gan/core';
import type { RunConfig } from '@lstm-gan/run';
import { defaultLimits, type Limits } from '@lstm-gan/transport';

/**
 * Returns how large a message from a worker may be. The largest message holds a partial sum for each of the worker's
 * subtrees, which are few. The link refuses a larger message before it allocates memory for it.
 */
export function workerMessageLimits({ model, batchSize, shardSize }: RunConfig): Limits {
  const { generator, discriminator } = createLayouts(model);
  const subtrees = 2 * Math.ceil(Math.log2(batchSize / shardSize) + 1);
  return {
    ...defaultLimits,
    maxArrayBytes: Math.max(generator.size, discriminator.size) * Float32Array.BYTES_PER_ELEMENT * subtrees,
  };
}
