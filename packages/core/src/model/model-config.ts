import * as z from 'zod/mini';

/**
 * The complete configuration of a model: nothing else changes its mathematics. Sizes are configuration, not code.
 * A generator with transposed convolutions makes images of `base * 2^(number of transposed convolutions)` pixels in
 * height and width. The last transposed convolution makes the channels and has no entry in `filters`. Each field of
 * numbers states its unit, and the reason for its values in the presets. The schema uses the small form of zod, because
 * every page that draws loads it.
 */
const count = z.number().check(z.int(), z.positive());
const lengths = z.array(count);

const base = z.tuple([count, count, count]).check(
  z.meta({
    unit: '[height, width, channels]',
    description: 'The map that the transposed convolutions start from.',
    reason: 'height and width are image.size / 2^(filters + 1).',
  }),
);
const upFilters = lengths.check(
  z.meta({
    unit: 'filters',
    description: 'Filters of the transposed convolutions but the last.',
    reason:
      'each of these convolutions doubles the side of the feature map; so does the last one, whose filters are the channels of the image.',
  }),
);

/**
 * The fields that vary the recurrent layers. Configurations from before these fields have none of them: their defaults
 * are one LSTM that writes whole rows.
 */
export const recurrentVariation = {
  cell: z._default(z.enum(['lstm', 'gru', 'conv-lstm']), 'lstm').check(
    z.meta({
      description:
        'The recurrent layer: an LSTM, a GRU, or an LSTM whose products are 3 x 3 convolutions. The last one reads and ' +
        'writes maps of the size `block`, and its units are channels.',
      reason: "the article's.",
    }),
  ),
  layers: z._default(count.check(z.lte(100)), 1).check(
    z.meta({
      unit: 'layers',
      description: 'Recurrent layers; each reads what the one before writes at every time step.',
      reason: 'the article has one.',
    }),
  ),
  bidirectional: z._default(z.boolean(), false).check(
    z.meta({
      description: 'Whether half of the units of each recurrent layer read the time steps from the last to the first.',
      reason: "the article's LSTM reads them in order.",
    }),
  ),
  stepNoise: z._default(z.number().check(z.int(), z.nonnegative()), 0).check(
    z.meta({
      unit: 'numbers',
      description:
        'Numbers of the noise that each time step reads for itself (RGAN). They are the last steps * stepNoise numbers ' +
        'of model.latent; the first Dense layer reads the others.',
      reason: 'in the article, only the first Dense layer reads noise.',
    }),
  ),
  block: z._default(z.nullable(z.tuple([count, count])), null).check(
    z.meta({
      unit: '[height, width]',
      description:
        'The part of the map that a time step writes. The blocks follow each other in raster order: from left to right, ' +
        'then from top to bottom. With null, a step writes whole rows.',
      reason: 'whole rows are the blocks of base / steps rows.',
    }),
  ),
};

const recurrentShape = {
  dense: count.check(
    z.meta({
      unit: 'units',
      description: 'Units of the first Dense layer; must be steps * stepSize.',
      reason: 'it is cut into the time steps.',
    }),
  ),
  steps: count.check(
    z.meta({
      unit: 'time steps',
      description: 'Time steps of the recurrent layer.',
      reason: 'the article has 2; a generator of the kind `rows` has one for each row of the feature map.',
    }),
  ),
  stepSize: count.check(
    z.meta({
      unit: 'features',
      description: 'Features that each time step reads.',
      reason: 'dense / steps.',
    }),
  ),
  lstm: z
    .number()
    .check(z.int(), z.nonnegative())
    .check(
      z.meta({
        unit: 'units',
        description: 'Units of each recurrent layer (an LSTM, unless `cell` names another); 0 leaves these layers out.',
        reason:
          'in the kind `rows`, the output of a time step is one row of the feature map: width times channels numbers.',
      }),
    ),
  ...recurrentVariation,
  hidden: lengths.check(
    z.meta({
      unit: 'units',
      description: 'Dense layers applied to every time step, each with LeakyReLU and batch normalisation.',
      reason: 'the article has two of 1024; a generator of the kind `rows` has none.',
    }),
  ),
  base,
  filters: upFilters,
};

const kind = <Name extends string>(name: Name, description: string) =>
  z.literal(name).check(z.meta({ description, reason: 'decides which other fields there are.' }));

const mostOptionCharacters = 16_384;
const deepestOptions = 16;

/** Whether a value is JSON that is nested at most this deep. */
function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'object' && depth > 0 && Object.values(value).every((inner) => isJson(inner, depth - 1));
}

const shortName = 'a text of 1 to 64 letters, digits and . _ -';

/** A network that a user has written. `custom-networks.ts` finds its function. */
const custom = z.strictObject({
  kind: kind('custom', 'A network of your own, which the file of --model defines (docs/own-network.md).'),
  name: z
    .string()
    .check(z.regex(/^[\w.-]{1,64}$/, shortName))
    .check(z.meta({ description: 'The name that the file gives the network.', reason: 'a file may define several.' })),
  options: z
    .optional(
      z
        .record(z.string(), z.unknown())
        .check(
          z.refine(
            (options) => isJson(options, deepestOptions) && JSON.stringify(options).length <= mostOptionCharacters,
            `a mapping of JSON values, nested at most ${deepestOptions} deep, of at most ${mostOptionCharacters} characters`,
          ),
        ),
    )
    .check(
      z.meta({
        description: `What the network's function gets as \`options\`: JSON values, at most ${mostOptionCharacters} characters.`,
        reason: 'sizes of the network that one wants to change without a new file.',
      }),
    ),
});

/** Checks the generator's part of a model's configuration. */
export const generatorConfigSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: kind(
        'article',
        'Batch normalisation after the first Dense layer, an LSTM, Dense layers for each step, then transposed convolutions.',
      ),
      ...recurrentShape,
    }),
    z.strictObject({
      kind: kind(
        'rows',
        'The LSTM writes the rows of the map; batch normalisation before the first transposed convolution.',
      ),
      ...recurrentShape,
    }),
    z.strictObject({ kind: kind('dcgan', 'Transposed convolutions alone.'), base, filters: upFilters }),
    z.strictObject({
      kind: kind('dense', 'Dense layers alone.'),
      units: lengths.check(
        z.meta({
          unit: 'units',
          description: 'Units of the Dense layers but the last, which makes the image.',
          reason: 'what the article calls traditional.',
        }),
      ),
    }),
    custom,
  ])
  .check(z.meta({ description: 'The network that makes images from noise.' }));

const every = count.check(
  z.meta({
    unit: 'discriminator phases',
    description: 'One of this many discriminator phases computes the penalty, multiplied by this number.',
    reason: 'a penalty in every 16th phase works as well as in each (StyleGAN2), and costs a sixteenth.',
  }),
);
const gamma = z
  .number()
  .check(z.positive())
  .check(
    z.meta({
      unit: 'factor',
      description: "The penalty's weight.",
      reason: 'StyleGAN2-ADA takes 0.0002 * size^2 / batchSize.',
    }),
  );

const regularizerSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: kind('none', 'No penalty.') }),
    z.strictObject({
      kind: kind(
        'approximate-r1',
        'lambda E (D(x) - D(x + sigma n))^2: R1 to first order, without second derivatives.',
      ),
      lambda: z
        .number()
        .check(z.positive())
        .check(
          z.meta({
            unit: 'factor',
            description: "The penalty's weight.",
            reason: 'approximates R1 with gamma = 2 lambda sigma^2, which is 0.1 for this lambda and this sigma.',
          }),
        ),
      sigma: z
        .number()
        .check(z.positive())
        .check(
          z.meta({
            unit: 'pixel value, of [-1, 1]',
            description: 'How far the noise moves an image.',
            reason: 'small enough for a first-order formula, large enough for float32.',
          }),
        ),
    }),
    z.strictObject({
      kind: kind('r1', 'gamma / 2 E |grad_x D(x)|^2 at real images, exactly.'),
      gamma,
      every: z._default(every, 1),
    }),
    z.strictObject({
      kind: kind('r1-r2', 'gamma / 2 E |grad_x D(x)|^2 at real images, and the same at fake images.'),
      gamma,
      every: z._default(every, 1),
    }),
    z.strictObject({
      kind: kind('gradient-penalty', 'lambda E (|grad_x D(x)| - 1)^2 between real and fake images (WGAN-GP).'),
      lambda: z
        .number()
        .check(z.positive())
        .check(
          z.meta({
            unit: 'factor',
            description: "The penalty's weight.",
            reason: "10 is the paper's.",
          }),
        ),
      every: z._default(every, 1),
    }),
  ])
  .check(z.meta({ description: "A penalty on the discriminator's slope." }));

const augmentSchema = z
  .strictObject({
    colour: z.boolean().check(
      z.meta({
        description: 'Whether brightness, saturation (of colour images) and contrast of each image are changed.',
        reason: "DiffAugment's policy for few images.",
      }),
    ),
    translation: z
      .number()
      .check(z.gte(0), z.lte(0.5))
      .check(
        z.meta({
          unit: "share of the image's side",
          description: 'Each image is moved by at most this share, up or down and left or right; the gap is zero.',
          reason: "DiffAugment's 1/8; 0 moves nothing.",
        }),
      ),
    cutout: z
      .number()
      .check(z.gte(0), z.lte(1))
      .check(
        z.meta({
          unit: "share of the image's side",
          description: 'The side of a square at a random place of each image that is set to zero.',
          reason: "DiffAugment's 1/2; 0 cuts nothing out.",
        }),
      ),
  })
  .check(
    z.meta({
      description:
        'Random changes of every image that the discriminator sees, real or fake, in both phases (DiffAugment, 2020). ' +
        'Gradients pass through them.',
    }),
  );

const conditionSchema = z
  .strictObject({
    kind: kind('label', 'Each image belongs to a class, which its label names.'),
    classes: z._default(count.check(z.lte(1000)), 10).check(
      z.meta({
        unit: 'classes',
        description: 'The number of classes. A new run takes it from its data.',
        reason: 'digits has ten; the configuration of a run lists its classes.',
      }),
    ),
    embedding: z._default(count, 8).check(
      z.meta({
        unit: 'numbers',
        description:
          "Length of the vector that stands for a class. It joins the noise, and the recurrent layer's input at every " +
          'time step.',
        reason: 'shorter than the noise, so that images of one class can differ.',
      }),
    ),
  })
  .check(
    z.meta({
      description:
        'What an image is generated from besides noise, and judged by besides its pixels. Without it, labels are not ' +
        'used. The discriminator is told the class by projection (Miyato & Koyama, 2018).',
    }),
  );

/** Checks the discriminator's part of a model's configuration. Without a kind, it is convolutional. */
const discriminatorConfigSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.optional(
        kind('convolutional', 'Convolutions, each of which halves height and width, and a Dense layer.'),
      ),
      filters: lengths.check(z.minLength(1)).check(
        z.meta({
          unit: 'filters',
          description: 'Filters of the convolutions (kernel 4, stride 2).',
          reason: "the article's three convolutions.",
        }),
      ),
      dropout: z
        .number()
        .check(z.gte(0), z.lt(1))
        .check(
          z.meta({
            unit: 'share',
            description: 'Dropout after each convolution.',
            reason: "the article's is 0.3; the recipe of digits has a penalty instead.",
          }),
        ),
      minibatchDeviation: z.optional(z.number().check(z.int(), z.gte(2))).check(
        z.meta({
          unit: 'images',
          description:
            'Size of the groups of images whose standard deviation the last layer reads as one more feature; it ' +
            'divides shardSize. Without it there is no such feature.',
          reason: "a discriminator that sees how much images differ notices a collapse; StyleGAN2's groups have 4.",
        }),
      ),
      spectralNorm: z.optional(z.boolean()).check(
        z.meta({
          description: 'Whether each kernel is divided by its largest singular value.',
          reason: 'bounds the slope of the discriminator without a penalty (Miyato et al., 2018).',
        }),
      ),
    }),
    custom,
  ])
  .check(z.meta({ description: 'The network that tells real images from made ones.' }));

/**
 * Checks each field of a model's configuration by itself. `checkModelConfig` checks that the sizes fit together.
 *
 * @category Models
 */
export const modelConfigSchema = z
  .strictObject({
    image: z
      .strictObject({
        size: count.check(
          z.meta({
            unit: 'pixels',
            description:
              "Height and width; a multiple of 2^(discriminator filters). A preset's filters follow a size that they " +
              'do not fit: for each doubling, the generator gets half as many filters as the entry before (at least ' +
              '16), the discriminator twice as many (at most 512).',
            reason: 'data sets are packed to it.',
          }),
        ),
        channels: z.union([z.literal(1), z.literal(3)]).check(
          z.meta({
            unit: 'channels',
            description: '1 for gray, 3 for colour.',
            reason: 'digits are gray, emoji are coloured.',
          }),
        ),
      })
      .check(z.meta({ description: 'The images.' })),
    latent: count.check(
      z.meta({
        unit: 'numbers',
        description: 'Length of the noise that an image is made from.',
        reason: "the article's.",
      }),
    ),
    generator: generatorConfigSchema,
    discriminator: discriminatorConfigSchema,
    loss: z.enum(['non-saturating', 'hinge', 'least-squares', 'wasserstein', 'relativistic']).check(
      z.meta({
        description: 'What the two networks minimise. With relativistic, both compare each real image with a fake one.',
        reason: "the article's binary cross-entropy, in the form whose gradient does not vanish.",
      }),
    ),
    labelSmoothing: z.optional(z.number().check(z.gte(0), z.lte(0.5))).check(
      z.meta({
        unit: 'share',
        description: 'The target of real images is 1 minus this share. Only with the loss non-saturating.',
        reason: 'a discriminator that is never sure gives a gradient for longer (Salimans et al., 2016: 0.1).',
      }),
    ),
    regularizer: regularizerSchema,
    augment: z.optional(augmentSchema),
    condition: z.optional(conditionSchema),
    source: z.optional(z.string().check(z.regex(/^[\w.-]{1,64}$/, shortName))).check(
      z.meta({
        description:
          'Which code defines the networks of kind custom: the SHA-256 of the file that --model names. A run takes it ' +
          'from the file. Models without such a network have none.',
        reason: 'other code is another model, so it belongs to what a run is.',
      }),
    ),
  })
  .check(z.meta({ description: 'The two networks and what they minimise.' }));

/**
 * Size and channels of a model's images.
 *
 * @category Models
 */
export type ImageShape = ModelConfig['image'];
/**
 * Both networks and what they minimise.
 *
 * @category Models
 */
export type ModelConfig = z.infer<typeof modelConfigSchema>;
/**
 * A discriminator's kind and sizes.
 *
 * @category Models
 */
export type DiscriminatorConfig = ModelConfig['discriminator'];
/**
 * A generator's kind and sizes.
 *
 * @category Models
 */
export type GeneratorConfig = ModelConfig['generator'];
