import * as z from 'zod/mini';
import { UserError } from '../errors/user-error.ts';
import { modelConfigSchema, type ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';
import { bytesOf, type Bytes } from '../weights/bytes-of.ts';
import { isFiniteVector } from '../weights/finite.ts';
import { joinVector } from '../weights/named-vectors.ts';
import { decodeSafetensors } from '../weights/safetensors.ts';

/**
 * Reads the model and the averaged generator's weights (a flat vector in the generator's layout) from a checkpoint
 * file, and the names of the classes (none if the model has no condition). Throws a UserError if the bytes are not a
 * complete safetensors file, if the file names no model, or if it does not hold finite weights for the model.
 *
 * @category Draw
 */
export function readGenerator(checkpoint: Bytes): {
  model: ModelConfig;
  weights: Float32Array;
  classNames: readonly string[];
} {
  const { metadata, tensors } = decodeSafetensors(bytesOf(checkpoint, 'a checkpoint'));
  const config = configSchema.safeParse(parseJson(metadata.get('config')));
  if (!config.success) {
    throw new UserError({
      code: 'no-checkpoint',
      message: 'The file does not say which model its weights belong to.',
      advice: 'Use a checkpoint that lstm-gan train wrote.',
    });
  }
  const averaged = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith('ema/') && tensor.dtype === 'F32') averaged.set(name.slice('ema/'.length), tensor.data);
  }
  const weights = joinVector(createLayouts(config.data.model).generator, averaged);
  if (!isFiniteVector(weights)) {
    throw new UserError({
      code: 'weights-not-finite',
      message: 'The averaged generator has weights that are not finite.',
      advice: 'Use an earlier checkpoint.',
    });
  }
  const { model, classes = [] } = config.data;
  return { model, weights, classNames: classes.map(({ name }) => name) };
}

/** The parts of a run's configuration that drawing needs. */
const configSchema = /* @__PURE__ */ z.object({
  model: modelConfigSchema,
  classes: z.optional(z.array(z.object({ name: z.string() }))),
});

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
