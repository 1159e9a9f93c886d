import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { createInitialWeights } from '../model/initial-weights.ts';
import { plainArithmetic } from '../optimizer/vector-arithmetic.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { smallConditionalModel, smallModel } from '../testing/small-model.ts';
import { compileEagerly } from './compile-eagerly.ts';
import { createPhaseUnits } from './phase-units.ts';

beforeAll(() => setBackend('cpu'));

it.each([
  ['a plain model', smallModel, {}],
  ['a model with classes', smallConditionalModel, { labels: Int32Array.of(2, 0) }],
])('a unit in two parts gives the bits of the whole unit: %s', async (_, model, labels) => {
  const unit = compileEagerly(createPhaseUnits(model, 2).generatorBackward, plainArithmetic);
  const early = {
    generator: createInitialWeights(model, 'generator', 1),
    noise: normalNoise([1, 2], 2 * model.latent),
    ...labels,
  };
  const late = { discriminator: createInitialWeights(model, 'discriminator', 1), dropoutSeed: Int32Array.of(3, 4) };
  const { images, ...others } = await unit.run({ ...early, ...late });
  const tensors = memory().numTensors;
  const begun = await unit.begin(early);
  expect(begun.outputs).toEqual({ images });
  expect(await begun.finish(late)).toEqual(others);
  expect(memory().numTensors).toBe(tensors);
});
