import { z } from 'zod';
import { recurrentVariation, type GeneratorConfig, type ModelConfig } from '../model/model-config.ts';
import { UserError } from '../errors/user-error.ts';

const count = z.number().int().positive();

const goldenConfigSchema = z.object({
  latent: count,
  image: count,
  channels: z.union([z.literal(1), z.literal(3)]),
  dense: count,
  steps: count,
  step: count,
  lstm: z.number().int().nonnegative(),
  hidden: z.array(count),
  base: z.tuple([count, count, count]),
  filters: z.array(count),
  d: z.array(count).min(1),
  batch: count,
  rows: z.boolean().default(false),
  ...recurrentVariation,
});

/** The model that a golden file was computed for, and how many images its batch has. */
export function goldenModel(config: string | undefined): { model: ModelConfig; batch: number } {
  const parsed = goldenConfigSchema.safeParse(parseJson(config ?? ''));
  if (!parsed.success) {
    throw new UserError({
      code: 'not-golden',
      message: `The file's metadata "config" does not describe a golden model: ${z.prettifyError(parsed.error)}`,
      advice: 'Use a file in the golden format; docs/golden.md describes it.',
    });
  }
  const { latent, image, channels, rows, step, d, batch, ...shape } = parsed.data;
  const generator: GeneratorConfig = { kind: rows ? 'rows' : 'article', stepSize: step, ...shape };
  return {
    batch,
    model: {
      image: { size: image, channels },
      latent,
      generator,
      discriminator: { filters: d, dropout: 0 },
      loss: 'non-saturating',
      regularizer: { kind: 'none' },
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
