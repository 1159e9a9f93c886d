import { modelConfigSchema } from '@lstm-gan/core';
import { z } from 'zod';

/**
 * A run's configuration, completely: written into its folder, sent to every worker, compared on resume. What does not
 * decide the weights (worker count, hosts, how long to train) is not here but in the command that trains. Each field
 * carries its unit, and the reason for its default; docs/config.md, docs/config.schema.json and --print-config say them.
 */
const adamSchema = z.strictObject({
  learningRate: z
    .number()
    .positive()
    .meta({ unit: 'per update', description: 'How far an update goes.', reason: "the article's 2e-4." }),
  beta1: z.number().min(0).lt(1).meta({
    unit: 'share',
    description: 'What stays of the mean gradient at an update.',
    reason: "the article's; Adam's own is 0.9.",
  }),
  beta2: z.number().min(0).lt(1).meta({
    unit: 'share',
    description: 'What stays of the mean squared gradient at an update.',
    reason: "Adam's own is 0.999; 0.99 belongs to the recipe of digits, which was seen to learn.",
  }),
  epsilon: z
    .number()
    .positive()
    .meta({ unit: 'gradient', description: 'Added to the root of the mean squared gradient.', reason: "Adam's own." }),
});

/** Checks a run's configuration from outside, each field by itself; `checkRunConfig` also checks what fits together. */
export const runConfigSchema = z.strictObject({
  preset: z.string().meta({
    description: 'The preset that this configuration starts from: what it does not say, the preset does.',
    reason: 'digits shows something within minutes on any machine.',
  }),
  model: modelConfigSchema,
  data: z.string().meta({
    description: 'Name of a data set, or the path of a folder of images.',
    reason: 'what the preset is made for.',
  }),
  flip: z.boolean().default(false).meta({
    description: 'Whether images are mirrored at random, left to right.',
    reason: 'digits and letters are not the same when mirrored.',
  }),
  batchSize: z.number().int().positive().meta({
    unit: 'images',
    description: 'Images of a phase; a multiple of shardSize.',
    reason: 'the article has 16; 64 belongs to the recipe of digits, which was seen to learn.',
  }),
  shardSize: z.number().int().positive().meta({
    unit: 'images',
    description:
      'Images of a shard: what one worker computes at a time, and what batch normalisation sees. Decides the bits.',
    reason:
      'a batch has batchSize / shardSize shards, and no more workers than that have work; below 8, batch statistics get noisy.',
  }),
  discriminatorSteps: z.number().int().positive().max(1000).default(1).meta({
    unit: 'phases a step',
    description: 'Discriminator phases before each generator phase, each with images and noise of its own.',
    reason: 'the article trains the two in turn.',
  }),
  sharedNoise: z.boolean().default(true).meta({
    description:
      'Whether the generator phase takes the noise, and so the images, of the last discriminator phase; otherwise it draws its own.',
    reason: 'the generator then runs once a step, not twice.',
  }),
  seed: z.number().int().nonnegative().max(0xffffffff).meta({
    description: 'Seed of everything random: first weights, noise, dropout, the order of images.',
    reason: 'any; the same seed gives the same weights.',
  }),
  threads: z.number().int().positive().meta({
    unit: 'threads',
    description: 'Threads of each worker. Decides the bits.',
    reason: 'one worker for each core uses them all.',
  }),
  engine: z.enum(['graph', 'eager']).meta({
    description: 'How units are executed: as native graphs, or operation by operation.',
    reason: 'graph is faster; eager is the reference.',
  }),
  precision: z.enum(['float32', 'tf32', 'bfloat16']).default('float32').meta({
    description:
      "How matrix products and convolutions round their factors: not at all, to 10 bits inside the kernels of NVIDIA's GPUs, or to 7. Weights and everything else are float32. Decides the bits.",
    reason: 'nothing is lost, and on a processor our float32 kernels are as fast as those for bfloat16, or faster.',
  }),
  wire: z.enum(['float32', 'bfloat16']).default('float32').meta({
    description:
      'How weights, and sums of gradients, are rounded before they travel: not at all, or to the 8 significant bits of bfloat16, in half the bytes. Weights are updated in float32. With bfloat16, how shards are divided among workers decides the bits too.',
    reason: 'nothing is lost; half the bytes pay off where the network is what a step waits for.',
  }),
  optimizer: z
    .strictObject({
      generator: adamSchema.meta({ description: "Adam on the generator's weights." }),
      discriminator: adamSchema.meta({ description: "Adam on the discriminator's weights." }),
    })
    .meta({ description: 'How gradients move weights.' }),
  ema: z
    .strictObject({
      halfLifeImages: z.number().positive().meta({
        unit: 'images',
        description: 'After this many images of the generator, half of the average is new.',
        reason: '0.995 a step of digits; 5,000 images where batches are small.',
      }),
      rampUp: z.number().positive().nullable().meta({
        unit: 'share of the images seen',
        description: 'Shortens the half-life to this share of the images seen so far; null never does.',
        reason: 'early weights are soon forgotten (StyleGAN2).',
      }),
    })
    .meta({
      description:
        "The moving average of the generator's weights, which samples are drawn from: beta = 0.5^(batchSize / halfLifeImages).",
    }),
});

/** A run's configuration, completely. */
export type RunConfig = z.infer<typeof runConfigSchema>;
