import { z } from 'zod';

/**
 * A model, completely: whatever is not here does not change the mathematics. Sizes are configuration, not code.
 * Images are `base * 2^(number of transposed convolutions)` on a side; the last transposed convolution makes the
 * channels and has no entry in `filters`.
 */
const count = z.number().int().positive();
const base = z.tuple([count, count, count]);

const recurrentShape = {
  /** Units of the first Dense layer; must be `steps * stepSize`. */
  dense: count,
  /** Time steps of the LSTM. */
  steps: count,
  /** Features that each time step reads. */
  stepSize: count,
  /** LSTM units; 0 leaves the LSTM out (the control `article-no-lstm`). */
  lstm: z.number().int().nonnegative(),
  /** Units of the Dense layers applied to every time step, each with LeakyReLU and BN. */
  hidden: z.array(count),
  /** [H, W, C] of the map that the time steps are reshaped into. */
  base,
  /** Filters of the transposed convolutions but the last. */
  filters: z.array(count),
};

/** Checks a generator's configuration from outside. */
export const generatorConfigSchema = z.discriminatedUnion('kind', [
  /** BN after the first Dense, LSTM, per-step Dense layers, then transposed convolutions. */
  z.strictObject({ kind: z.literal('article'), ...recurrentShape }),
  /** The LSTM writes the rows of the map; BN before the first transposed convolution. */
  z.strictObject({ kind: z.literal('rows'), ...recurrentShape }),
  z.strictObject({ kind: z.literal('dcgan'), base, filters: z.array(count) }),
  z.strictObject({ kind: z.literal('dense'), units: z.array(count) }),
]);

/** Checks a model's configuration from outside: each field by itself. Whether the sizes fit together, `checkModelConfig` says. */
export const modelConfigSchema = z.strictObject({
  image: z.strictObject({ size: count, channels: z.union([z.literal(1), z.literal(3)]) }),
  latent: count,
  generator: generatorConfigSchema,
  discriminator: z.strictObject({
    /** Filters of the convolutions (kernel 4, stride 2). */
    filters: z.array(count).min(1),
    /** Dropout rate after each convolution, in [0, 1). */
    dropout: z.number().min(0).lt(1),
  }),
  loss: z.enum(['non-saturating', 'hinge', 'least-squares']),
  regularizer: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    /** lambda E (D(x) - D(x + s n))^2: R1 to first order. */
    z.strictObject({ kind: z.literal('approximate-r1'), lambda: z.number().positive(), sigma: z.number().positive() }),
    /** gamma / 2 E |grad_x D(x)|^2, exactly. */
    z.strictObject({ kind: z.literal('r1'), gamma: z.number().positive() }),
  ]),
});

/** A generator's kind and sizes. */
export type GeneratorConfig = z.infer<typeof generatorConfigSchema>;
/** Both networks and what they minimise. */
export type ModelConfig = z.infer<typeof modelConfigSchema>;
