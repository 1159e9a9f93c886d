import { createPhaseUnits } from '../step/phase-units.ts';
import { runUnit } from '../step/run-unit.ts';
import { UserError } from '../errors/user-error.ts';
import { isFiniteVector } from '../weights/finite.ts';
import { joinVector } from '../weights/named-vectors.ts';
import { decodeSafetensors } from '../weights/safetensors.ts';
import { modelConfigSchema, type ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';

/**
 * Resolves to images of a generator in inference mode, computed on tfjs's current backend: [N, H, W, C] in [-1, 1].
 * @param weights flat vector in the generator's layout
 * @param noise N x latent standard normal numbers; rejects with a UserError if N is not a whole number above 0
 */
export async function generate(model: ModelConfig, weights: Float32Array, noise: Float32Array): Promise<Float32Array> {
  const count = noise.length / model.latent;
  if (!Number.isInteger(count) || count === 0) {
    throw new UserError({
      code: 'wrong-noise',
      message: `${noise.length} numbers of noise are no whole number of vectors of ${model.latent}.`,
      advice: `Pass images x ${model.latent} numbers.`,
    });
  }
  const { images } = await runUnit(createPhaseUnits(model, count).generatorSample, { generator: weights, noise });
  return images;
}

/**
 * Reads the model and the averaged generator's weights (a flat vector in the generator's layout) from a checkpoint
 * file. Throws a UserError if the bytes are not a complete safetensors file, if the file names no model, or if it does
 * not hold finite weights for the model.
 */
export function readGenerator(checkpoint: Uint8Array): { model: ModelConfig; weights: Float32Array } {
  const { metadata, tensors } = decodeSafetensors(checkpoint);
  const config = modelConfigSchema.safeParse(modelOf(metadata.get('config')));
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
  const weights = joinVector(createLayouts(config.data).generator, averaged);
  if (!isFiniteVector(weights)) {
    throw new UserError({
      code: 'weights-not-finite',
      message: 'The averaged generator has weights that are not finite.',
      advice: 'Use an earlier checkpoint.',
    });
  }
  return { model: config.data, weights };
}

function modelOf(text: string | undefined): unknown {
  try {
    return (JSON.parse(text ?? '') as { model?: unknown }).model;
  } catch {
    return undefined;
  }
}
