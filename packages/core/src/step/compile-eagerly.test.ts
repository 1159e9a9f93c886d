import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { createInitialWeights } from '../model/initial-weights.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { plainArithmetic } from '../optimizer/vector-arithmetic.ts';
import { oneLstm, presets } from '../presets.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { compileEagerly } from './compile-eagerly.ts';
import { createPhaseUnits } from './phase-units.ts';

beforeAll(() => setBackend('cpu'));

const plain: ModelConfig = {
  ...presets.get('digits').model,
  image: { size: 8, channels: 1 },
  latent: 4,
  generator: {
    kind: 'rows',
    dense: 8,
    steps: 2,
    stepSize: 4,
    lstm: 4,
    ...oneLstm,
    hidden: [],
    base: [2, 2, 2],
    filters: [3],
  },
  discriminator: { filters: [3], dropout: 0.3 },
};
const conditional: ModelConfig = { ...plain, condition: { kind: 'label', classes: 3, embedding: 2 } };

it.each([
  ['a plain model', plain, {}],
  ['a model with classes', conditional, { labels: Int32Array.of(2, 0) }],
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
