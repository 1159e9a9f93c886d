import { createPhaseUnits } from '../step/phase-units.ts';
import { readyBackend } from '../step/ready-backend.ts';
import { runUnit } from '../step/run-unit.ts';
import { UserError } from '../errors/user-error.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { typeName } from '../weights/bytes-of.ts';
import { classRows } from './class-rows.ts';

/**
 * Resolves to images of a generator in inference mode, computed on tfjs's current backend: [N, H, W, C] in [-1, 1].
 * @param weights flat vector in the generator's layout
 * @param noise N x latent standard normal numbers; rejects with a UserError if N is not a whole number above 0
 * @param labels for a conditional model, the number of each image's class; by default the classes take turns
 * @category Draw
 */
export async function generate(
  model: ModelConfig,
  weights: Float32Array,
  noise: Float32Array,
  labels?: readonly number[],
): Promise<Float32Array> {
  for (const [name, values] of Object.entries({ weights, noise })) checkFloats(name, values);
  const count = noise.length / model.latent;
  if (!Number.isInteger(count) || count === 0) {
    throw new UserError({
      code: 'wrong-noise',
      message: `${noise.length} numbers of noise are no whole number of vectors of ${model.latent}.`,
      advice: `Pass images x ${model.latent} numbers.`,
    });
  }
  await readyBackend();
  const inputs = { generator: weights, noise, ...classesOf(model, count, labels) };
  return (await runUnit(createPhaseUnits(model, count).generatorSample, inputs)).images;
}

function checkFloats(name: string, values: unknown): void {
  if (values instanceof Float32Array) return;
  throw new UserError({
    code: 'wrong-input-type',
    message: `generate takes its ${name} as a Float32Array, but got ${typeName(values)}.`,
    advice: 'Pass the weights of readGenerator, and noise of sampleNoise or normalNoise.',
  });
}

function classesOf({ condition }: ModelConfig, count: number, labels: readonly number[] | undefined) {
  if (condition === undefined) return {};
  const inTurn = Array.from({ length: count }, (_, image) => image % condition.classes);
  return { classes: classRows(labels ?? inTurn, condition.classes) };
}
