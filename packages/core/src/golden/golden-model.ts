import { z } from 'zod';
import type { GeneratorConfig, ModelConfig } from '../model/model-config.ts';
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
  const { latent, image, channels, rows, dense, steps, step, lstm, hidden, base, filters, d, batch } = parsed.data;
  const shape = { dense, steps, stepSize: step, lstm, hidden, base, filters };
  const generator: GeneratorConfig = rows ? { kind: 'rows', ...shape } : { kind: 'article', ...shape };
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
