import { modelConfigSchema } from '@lstm-gan/core';
import { z } from 'zod';

/**
 * A run's configuration, completely: written into its folder, sent to every worker, compared on resume. What does not
 * decide the weights (worker count, hosts, how long to train) is not here but in the command that trains.
 */
const adamSchema = z.strictObject({
  learningRate: z.number().positive(),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
});

export const runConfigSchema = z.strictObject({
  /** The preset that this configuration began as. */
  preset: z.string(),
  model: modelConfigSchema,
  /** Name of the data set. */
  data: z.string(),
  /** Images a step; a multiple of shardSize. */
  batchSize: z.number().int().positive(),
  /** Images a shard: the unit of leases and of batch statistics. */
  shardSize: z.number().int().positive(),
  seed: z.number().int().nonnegative().max(0xffffffff),
  /** Threads in each worker; decides the bits. */
  threads: z.number().int().positive(),
  engine: z.enum(['graph', 'eager']),
  optimizer: z.strictObject({ generator: adamSchema, discriminator: adamSchema }),
  /** Of the generator: beta = 0.5^(batchSize / min(halfLifeImages, rampUp * images seen)). */
  ema: z.strictObject({ halfLifeImages: z.number().positive(), rampUp: z.number().positive().nullable() }),
});

export type RunConfig = z.infer<typeof runConfigSchema>;
