import { expect, it } from 'vitest';
import { presets } from '../presets.ts';
import { checkModelConfig } from './check-model-config.ts';
import { generatorConfigSchema, type GeneratorConfig, type ModelConfig } from './model-config.ts';

// custom-networks.test.ts tests the kind custom, of which there is no preset.
const kinds = generatorConfigSchema.def.options
  .map(({ shape }) => shape)
  .filter(({ kind }) => kind.def.values[0] !== 'custom');
const kindsWith = (field: string) => kinds.filter((shape) => field in shape).map(({ kind }) => kind.def.values[0]);
const modelOf = (kind: string): ModelConfig =>
  [...presets.values()].map(({ model }) => model).find(({ generator }) => generator.kind === kind) as ModelConfig;
const check = (model: ModelConfig, changes: object) => () =>
  checkModelConfig({ ...model, generator: { ...model.generator, ...changes } as GeneratorConfig });

it.each(kinds.map(({ kind }) => kind.def.values[0]))('accepts the preset of kind %s', (kind) => {
  expect(check(modelOf(kind), {})).not.toThrow();
});

it.each(kindsWith('base'))('refuses a map of kind %s that does not grow to the size of the image', (kind) => {
  expect(check(modelOf(kind), { base: [4, 4, 8] })).toThrow(/transposed convolutions make (16 x 16|32 x 32) pixels/);
});

it.each(kindsWith('steps'))('refuses time steps of kind %s that do not fit the first Dense layer', (kind) => {
  expect(check(modelOf(kind), { stepSize: 7 })).toThrow('features need');
});

it.each(kindsWith('steps'))('refuses time steps of kind %s that do not fill the map', (kind) => {
  const { base } = modelOf(kind).generator as Extract<GeneratorConfig, { base: unknown }>;
  expect(check(modelOf(kind), { base: [base[0], base[1], base[2] + 1] })).toThrow('numbers; a map of');
});

it('refuses kind rows without a recurrent layer, or with hidden layers', () => {
  expect(check(modelOf('rows'), { lstm: 0 })).toThrow('has recurrent layers and no hidden layers');
  expect(check(modelOf('rows'), { hidden: [8] })).toThrow('has recurrent layers and no hidden layers');
});

it.each<[string, object, string]>([
  ['a variation without recurrent layers', { kind: 'article', lstm: 0, cell: 'gru' }, 'has no cell to choose'],
  ['an odd number of units in two directions', { lstm: 511, bidirectional: true }, '511 units cannot be halved'],
  ['blocks that do not fill the map', { block: [3, 8] }, 'Blocks of 3 x 8 do not fill a map of 8 x 8'],
  [
    'as many steps as there are rows, and other blocks',
    { block: [2, 2] },
    '8 time steps write a block of 2 x 2 each; a map of 8 x 8 has 16 blocks',
  ],
  ['a convolutional LSTM without blocks', { cell: 'conv-lstm' }, 'and block is null'],
  [
    'features that do not divide among the positions',
    { cell: 'conv-lstm', block: [1, 8], stepSize: 127 },
    'The 127 features of a time step cannot be divided among the 8 positions',
  ],
  [
    'more noise for the steps than there is',
    { stepNoise: 13 },
    '8 time steps read 13 numbers of noise each, 104 in all, and leave none of 100',
  ],
])('refuses %s', (_what, changes, sentence) => {
  expect(check(modelOf('rows'), changes)).toThrow(sentence);
});

it.each<[string, object, number, string]>([
  ['rows', {}, 128, "Filters that fit: --set 'model.generator.filters=[128,64,32]'."],
  [
    'rows',
    {},
    100,
    'Choose the size 64 or 128 (base, doubled by each transposed convolution): --set model.image.size=128.',
  ],
  ['rows', {}, 9, 'Choose the size 16 (base, doubled by each transposed convolution): --set model.image.size=16.'],
  ['rows', { stepSize: 64 }, 64, 'Set dense to steps * stepSize: --set model.generator.dense=512.'],
  [
    'rows',
    { base: [8, 8, 32] },
    64,
    'Give the recurrent layers as many units as a time step needs: --set model.generator.lstm=256.',
  ],
])('says what fits %s with %j and images of %i pixels', (kind, changes, size, advice) => {
  const { model } = presets.get(kind) as { model: ModelConfig };
  expect(check({ ...model, image: { ...model.image, size } }, changes)).toThrow(
    expect.objectContaining({ advice }) as Error,
  );
});

it('refuses an image size that the convolutions of the discriminator cannot halve often enough', () => {
  const model = modelOf('dense');
  expect(() => checkModelConfig({ ...model, image: { ...model.image, size: 60 } })).toThrow('divisible by 8, got 60');
});

it('refuses label smoothing with a loss that has no target', () => {
  const model = { ...modelOf('dense'), labelSmoothing: 0.1 };
  expect(() => checkModelConfig(model)).not.toThrow();
  expect(() => checkModelConfig({ ...model, loss: 'hinge' })).toThrow('The loss hinge has no target');
});
