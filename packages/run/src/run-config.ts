import { checkModelConfig, modelConfigSchema, UserError, type Preset } from '@lstm-gan/core';
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

/** Checks a run's configuration from outside, each field by itself; `checkRunConfig` also checks what fits together. */
export const runConfigSchema = z.strictObject({
  /** The preset that this configuration began as. */
  preset: z.string(),
  model: modelConfigSchema,
  /** Name of the data set, or the path of a folder of images. */
  data: z.string(),
  /** Whether images are mirrored at random. */
  flip: z.boolean().default(false),
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

/** A run's configuration, completely. */
export type RunConfig = z.infer<typeof runConfigSchema>;

/** What a user may change of a preset on the command line. */
export interface ConfigOverrides {
  readonly data?: string;
  /** Of the images, and so of the model. */
  readonly channels?: 1 | 3;
  readonly flip?: boolean;
  readonly batchSize?: number;
  readonly shardSize?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly engine?: RunConfig['engine'];
}

/** A preset with overrides, checked. The size of its images stays the preset's: data sets are packed to it. */
export function createRunConfig(preset: Preset, overrides: ConfigOverrides = {}): RunConfig {
  const { name, model: presetModel, data, batchSize, shardSize, optimizer, ema } = preset;
  const { channels = presetModel.image.channels, ...others } = overrides;
  const model = { ...presetModel, image: { ...presetModel.image, channels } };
  const defaults = { preset: name, model, data, flip: false, batchSize, shardSize, seed: 1, threads: 1, engine: 'graph' as const, optimizer, ema };
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  return checkRunConfig({ ...defaults, ...given });
}

/** Checks a configuration from outside; throws a UserError that names the field. */
export function checkRunConfig(value: unknown): RunConfig {
  const parsed = runConfigSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError({
      code: 'config',
      message: `The configuration does not hold: ${issue.path.join('.') || 'it'}: ${issue.message}.`,
      advice: 'Correct the field; lstm-gan train --help tells what each may be.',
    });
  }
  const config = parsed.data;
  checkModelConfig(config.model);
  if (config.batchSize % config.shardSize !== 0) {
    const better = Math.max(1, Math.round(config.batchSize / config.shardSize)) * config.shardSize;
    throw new UserError({
      code: 'batch-not-divisible',
      message: `A batch of ${config.batchSize} images cannot be cut into shards of ${config.shardSize}.`,
      advice: `Use --batch-size ${better}, or a --shard-size that divides ${config.batchSize}.`,
    });
  }
  return config;
}
