import * as z from 'zod/mini';
import { modelConfigSchema } from '../model/model-config.ts';

/**
 * The complete configuration of a run. It is written into the run's folder, sent to every worker, and compared when a
 * run is resumed. What does not decide the weights (number of workers, hosts, how long to train) is an option of the
 * command. Each field has its unit and the reason for its default; docs/config.md, docs/config.schema.json and
 * --print-config show them.
 */
const adamSchema = z.strictObject({
  learningRate: z
    .number()
    .check(z.positive())
    .check(z.meta({ unit: 'per update', description: 'The size of an update.', reason: "the article's 2e-4." })),
  beta1: z
    .number()
    .check(z.gte(0), z.lt(1))
    .check(
      z.meta({
        unit: 'share',
        description: 'The share of the mean gradient that is kept at an update.',
        reason: "the article's; Adam's own is 0.9.",
      }),
    ),
  beta2: z
    .number()
    .check(z.gte(0), z.lt(1))
    .check(
      z.meta({
        unit: 'share',
        description: 'The share of the mean squared gradient that is kept at an update.',
        reason: "Adam's own is 0.999; 0.99 belongs to the recipe of digits, which was seen to learn.",
      }),
    ),
  epsilon: z
    .number()
    .check(z.positive())
    .check(
      z.meta({
        unit: 'gradient',
        description: 'Added to the root of the mean squared gradient.',
        reason: "Adam's own.",
      }),
    ),
  schedule: z
    .optional(
      z
        .strictObject({
          startImages: z
            .number()
            .check(z.nonnegative())
            .check(
              z.meta({
                unit: 'images',
                description: 'Until then, the learning rate is learningRate.',
                reason: 'a run should first learn at full speed.',
              }),
            ),
          endImages: z
            .number()
            .check(z.positive())
            .check(
              z.meta({
                unit: 'images',
                description: 'From then on, the learning rate is finalShare * learningRate. More than startImages.',
                reason: 'the images that the run reads: its --images.',
              }),
            ),
          finalShare: z
            .number()
            .check(z.gte(0), z.lte(1))
            .check(
              z.meta({
                unit: 'share',
                description: 'What remains of the learning rate at the end.',
                reason: '0 lets the weights come to rest.',
              }),
            ),
        })
        .check(
          z.refine(({ startImages, endImages }) => endImages > startImages, 'endImages is to be more than startImages'),
        ),
    )
    .check(
      z.meta({
        description:
          'Lets the learning rate fall linearly. Time is counted in images, so the batch size does not matter.',
        reason: 'absent: the rate stays the same, as in the article.',
      }),
    ),
});

/** Checks each field of a configuration by itself. `checkRunConfig` also checks that the fields fit together. */
export const runConfigSchema = z.strictObject({
  preset: z.string().check(
    z.meta({
      description: 'The preset that this configuration starts from. Fields that are left out have its values.',
      reason: 'digits shows something within minutes on any machine.',
    }),
  ),
  model: modelConfigSchema,
  data: z.string().check(
    z.meta({
      description: 'Name of a data set, or the path of a folder of images.',
      reason: 'the data that the preset is made for.',
    }),
  ),
  classes: z
    .optional(
      z
        .array(
          z.strictObject({
            name: z.string().check(z.maxLength(200)),
            images: z.number().check(z.int(), z.nonnegative()),
          }),
        )
        .check(z.maxLength(1000)),
    )
    .check(
      z.meta({
        description:
          'The classes of the data, in the order of their numbers, with the number of images in each. A new run with ' +
          'model.condition takes them from its data; in all other runs there are none.',
        reason: 'fake images are drawn of each class as often as the data have it.',
      }),
    ),
  flip: z._default(z.boolean(), false).check(
    z.meta({
      description: 'Whether images are mirrored at random, left to right.',
      reason: 'mirrored digits and letters are wrong.',
    }),
  ),
  batchSize: z
    .number()
    .check(z.int(), z.positive())
    .check(
      z.meta({
        unit: 'images',
        description: 'Images in the batch of a phase; a multiple of shardSize.',
        reason: 'the article has 16; 64 belongs to the recipe of digits, which was seen to learn.',
      }),
    ),
  shardSize: z
    .number()
    .check(z.int(), z.positive())
    .check(
      z.meta({
        unit: 'images',
        description:
          'Images in a shard. A worker computes one shard at a time, and batch normalisation averages over a shard. ' +
          'The bits of the weights depend on it.',
        reason:
          'a batch has batchSize / shardSize shards, and more workers than shards have no work; below 8, batch ' +
          'statistics get noisy.',
      }),
    ),
  discriminatorSteps: z._default(z.number().check(z.int(), z.positive(), z.lte(1000)), 1).check(
    z.meta({
      unit: 'phases a step',
      description: 'Discriminator phases before each generator phase. Each has its own images and noise.',
      reason: 'the article trains the two in turn.',
    }),
  ),
  sharedNoise: z._default(z.boolean(), true).check(
    z.meta({
      description:
        'Whether the generator phase uses the noise, and so the fake images, of the last discriminator phase. ' +
        'Otherwise it draws its own noise.',
      reason: 'the generator then runs once a step, not twice.',
    }),
  ),
  seed: z
    .number()
    .check(z.int(), z.nonnegative(), z.lte(0xffffffff))
    .check(
      z.meta({
        description: 'Seed of all random numbers: initial weights, noise, dropout, the order of images.',
        reason: 'any number will do; the same seed gives the same weights.',
      }),
    ),
  engine: z.enum(['graph', 'eager']).check(
    z.meta({
      description: 'How units are executed: as native graphs, or operation by operation.',
      reason: 'graph is faster; eager is the reference.',
    }),
  ),
  precision: z._default(z.enum(['float32', 'tf32', 'bfloat16']), 'float32').check(
    z.meta({
      description:
        'How matrix products and convolutions round their factors: not at all (float32), to 11 significant bits inside ' +
        "the kernels of NVIDIA's GPUs (tf32), or to 8 significant bits (bfloat16). Weights and everything else are " +
        'float32. The bits of the weights depend on this setting.',
      reason: 'no precision is lost, and on a CPU our float32 kernels are at least as fast as those for bfloat16.',
    }),
  ),
  wire: z._default(z.enum(['float32', 'bfloat16']), 'float32').check(
    z.meta({
      description:
        'How weights and sums of gradients are rounded before they are sent: not at all, or to the 8 significant ' +
        'bits of bfloat16, which halves the bytes. Weights are updated in float32. With bfloat16, the bits also ' +
        'depend on how shards are divided among workers.',
      reason: 'no precision is lost; half the bytes help if steps wait for the network.',
    }),
  ),
  optimizer: z
    .strictObject({
      generator: adamSchema.check(z.meta({ description: "Adam on the generator's weights." })),
      discriminator: adamSchema.check(z.meta({ description: "Adam on the discriminator's weights." })),
    })
    .check(z.meta({ description: 'How gradients change the weights.' })),
  ema: z
    .strictObject({
      halfLifeImages: z
        .number()
        .check(z.positive())
        .check(
          z.meta({
            unit: 'images',
            description: 'After this many images, half of the average comes from newer weights.',
            reason: 'long enough to average out the noise of single updates, short enough to forget early weights.',
          }),
        ),
      rampUp: z.nullable(z.number().check(z.positive())).check(
        z.meta({
          unit: 'share of the images seen',
          description:
            'Shortens the half-life to at most this share of the images seen so far; null never shortens it.',
          reason: 'early weights leave the average soon (StyleGAN2).',
        }),
      ),
    })
    .check(
      z.meta({
        description:
          "The moving average of the generator's weights, from which samples are drawn: beta = 0.5^(batchSize / " +
          'halfLifeImages).',
      }),
    ),
});

/** The complete configuration of a run. */
export type RunConfig = z.infer<typeof runConfigSchema>;
