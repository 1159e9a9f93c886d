import { createPhaseUnits } from '../step/phase-units.ts';
import { runUnit } from '../step/run-unit.ts';
import { UserError } from '../errors/user-error.ts';
import { isFiniteVector } from '../weights/finite.ts';
import { joinVector } from '../weights/named-vectors.ts';
import { decodeSafetensors } from '../weights/safetensors.ts';
import { z } from 'zod';
import { modelConfigSchema, type ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';
import { classRows } from './class-rows.ts';

/**
 * Resolves to images of a generator in inference mode, computed on tfjs's current backend: [N, H, W, C] in [-1, 1].
 * @param weights flat vector in the generator's layout
 * @param noise N x latent standard normal numbers; rejects with a UserError if N is not a whole number above 0
 * @param labels for a conditional model, the number of each image's class; by default the classes take turns
 */
export async function generate(
  model: ModelConfig,
  weights: Float32Array,
  noise: Float32Array,
  labels?: readonly number[],
): Promise<Float32Array> {
  const count = noise.length / model.latent;
  if (!Number.isInteger(count) || count === 0) {
    throw new UserError({
      code: 'wrong-noise',
      message: `${noise.length} numbers of noise are no whole number of vectors of ${model.latent}.`,
      advice: `Pass images x ${model.latent} numbers.`,
    });
  }
  const inputs = { generator: weights, noise, ...classesOf(model, count, labels) };
  return (await runUnit(createPhaseUnits(model, count).generatorSample, inputs)).images;
}

function classesOf({ condition }: ModelConfig, count: number, labels: readonly number[] | undefined) {
  if (condition === undefined) return {};
  const inTurn = Array.from({ length: count }, (_, image) => image % condition.classes);
  return { classes: classRows(labels ?? inTurn, condition.classes) };
}

/**
 * Reads the model and the averaged generator's weights (a flat vector in the generator's layout) from a checkpoint
 * file, and the names of the classes (none if the model has no condition). Throws a UserError if the bytes are not a complete safetensors file, if the file names no model, or if it does
 * not hold finite weights for the model.
 */
export function readGenerator(checkpoint: Uint8Array): {
  model: ModelConfig;
  weights: Float32Array;
  classNames: readonly string[];
} {
  const { metadata, tensors } = decodeSafetensors(checkpoint);
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
const configSchema = z.object({
  model: modelConfigSchema,
  classes: z.array(z.object({ name: z.string() })).optional(),
});

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
