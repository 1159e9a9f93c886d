/** Networks of a user's own: what is refused and in which words, and that they go through the units of a step. */
import '@tensorflow/tfjs';
import { matMul, reshape, setBackend, topk, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNorm } from '../nn/batch-norm.ts';
import { dense } from '../nn/dense.ts';
import { labelEmbedding } from '../nn/label-embedding.ts';
import { stateless, type Layer, type ParameterSpec, type Pass } from '../nn/layer.ts';
import { linear } from '../nn/linear.ts';
import { projection } from '../nn/projection.ts';
import { spectralNorm } from '../nn/spectral-norm.ts';
import { toShape } from '../nn/to-shape.ts';
import { presets } from '../presets.ts';
import { createPhaseUnits, type PhaseUnits } from '../step/phase-units.ts';
import { runUnit } from '../step/run-unit.ts';
import { createInitialWeights } from './initial-weights.ts';
import { registerNetworks, type CustomNetworks } from './custom-networks.ts';
import { modelConfigSchema, type ModelConfig } from './model-config.ts';
import { createLayouts } from './network.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const shardSize = 2;
const model: ModelConfig = {
  ...presets.get('digits').model,
  image: { size: 4, channels: 1 },
  latent: 3,
  regularizer: { kind: 'none' },
  generator: { kind: 'custom', name: 'plain' },
  discriminator: { filters: [2], dropout: 0 },
  source: 'test',
};
const flatten = stateless((x) => reshape(x, [x.shape[0], -1]));
const plain = () => [dense('dense0', 3, 16), toShape([4, 4, 1])];

/** The model, after the code of its generator (and discriminator) was registered. */
function modelOf(generator: () => unknown, discriminator?: () => unknown): ModelConfig {
  registerNetworks('test', {
    generators: { plain: generator },
    ...(discriminator && { discriminators: { judge: discriminator } }),
  } as CustomNetworks);
  return discriminator === undefined ? model : { ...model, discriminator: { kind: 'custom', name: 'judge' } };
}

/** The inputs of a unit, all ones, and weights that are drawn. */
function inputsOf(of: ModelConfig) {
  const key = Int32Array.of(1, 2);
  return {
    generator: createInitialWeights(of, 'generator', 1),
    discriminator: createInitialWeights(of, 'discriminator', 1),
    noise: new Float32Array(shardSize * of.latent).fill(1),
    dropoutSeed: key,
  };
}

const unitsOf = (of: ModelConfig) => createPhaseUnits(of, shardSize) as Required<PhaseUnits>;
const backward = (of: ModelConfig) => runUnit(unitsOf(of).generatorBackward, inputsOf(of));

it('gets the fields that its layers depend on, and nothing that it changes stays changed', () => {
  const seen: unknown[] = [];
  registerNetworks('test', {
    generators: {
      plain(context) {
        seen.push(structuredClone(context));
        (context.options as Record<string, unknown>)['width'] = 7;
        return plain();
      },
    },
  });
  const options = { width: 5 };
  createLayouts({ ...model, generator: { kind: 'custom', name: 'plain', options } });
  const expected = { latent: 3, image: { size: 4, channels: 1 }, condition: undefined, options };
  expect(seen).toEqual(seen.map(() => expected));
  expect(options).toEqual({ width: 5 });
});

it('a generator and a discriminator with every kind of state make images, logits, gradients and next state', async () => {
  const of = modelOf(
    () => [spectralNorm(dense('dense0', 3, 16)), batchNorm('norm0', 16), toShape([4, 4, 1])],
    () => [flatten, dense('dense0', 16, 8), batchNorm('norm0', 8), spectralNorm(dense('dense1', 8, 1))],
  );
  const { images, contribution } = await backward(of);
  expect(images).toHaveLength(shardSize * 16);
  const { generator, discriminator } = createLayouts(of);
  const entryOf = ({ entries }: typeof generator, vector: Float32Array, name: string) => {
    const { offset, size } = entries.find((entry) => entry.name === name) as (typeof entries)[number];
    return [...vector.subarray(offset, offset + size)];
  };
  // Both images have the same noise, so the mean of squares is the square of the mean.
  const mean = entryOf(generator, contribution, 'norm0/movingMean');
  const squares = entryOf(generator, contribution, 'norm0/movingVariance');
  squares.forEach((square, i) => expect(square).toBeCloseTo(mean[i] ** 2, 4));
  expect(Math.hypot(...entryOf(generator, contribution, 'dense0/direction'))).toBeCloseTo(1, 5);

  const { dropoutSeed, discriminator: weights } = inputsOf(of);
  const pixels = Uint8Array.from({ length: shardSize * 16 }, (_, i) => i * 7);
  const real = { discriminator: weights, images: pixels, dropoutSeed, regularizerSeed: dropoutSeed };
  const { gradient, logits } = await runUnit(unitsOf(of).discriminatorReal, real);
  expect(logits).toHaveLength(shardSize);
  expect(Math.hypot(...entryOf(discriminator, gradient, 'dense1/direction'))).toBeCloseTo(1, 5);
  expect(Math.hypot(...entryOf(discriminator, gradient, 'dense0/kernel'))).toBeGreaterThan(0);
});

it('a conditional model tells its custom networks the classes, and gives each image its own', async () => {
  const condition = { kind: 'label', classes: 3, embedding: 2 } as const;
  const seen: unknown[] = [];
  registerNetworks('test', {
    generators: {
      plain({ latent, condition: given }) {
        seen.push(given);
        return [labelEmbedding(3, 2), dense('dense0', latent + 2, 16), toShape([4, 4, 1])];
      },
    },
    discriminators: { judge: () => [flatten, projection(dense('dense0', 16, 1), linear('classes', 16, 3))] },
  });
  const of: ModelConfig = { ...model, condition, discriminator: { kind: 'custom', name: 'judge' } };
  const inputs = { ...inputsOf(of), labels: Int32Array.of(0, 2) };
  const { images } = await runUnit(unitsOf(of).generatorBackward, inputs);
  expect(seen[0]).toEqual(condition);
  expect(images.subarray(0, 16)).not.toEqual(images.subarray(16));
});

const spec = (changes: Partial<ParameterSpec>): Layer => ({
  parameters: [{ name: 'a/b', shape: [2], role: 'trainable', initializer: { kind: 'constant', value: 0 }, ...changes }],
  apply: (x) => x,
});
let calls = 0;

it.each<[string, () => unknown, string]>([
  ['a function that throws', () => JSON.parse('{'), 'The generator plain: its function throws SyntaxError'],
  ['no list', () => dense('a', 1, 1), 'its function returns an object with parameters, apply, not a list of layers'],
  ['an empty list', () => [], 'its function returns an empty list'],
  ['an entry that is no layer', () => [...plain(), Math.tanh], 'entry 2 of its list is a function, not a layer'],
  ['a name without a layer', () => [spec({ name: 'kernel' })], 'the parameter "kernel" is not sound: its name'],
  ['a shape with a zero', () => [spec({ shape: [0] })], 'the parameter "a/b" is not sound: its shape'],
  [
    'an unknown initializer',
    () => [spec({ initializer: { kind: 'xavier' } as never })],
    "is not sound: its initializer's kind is to be constant",
  ],
  [
    'an unknown role',
    () => [spec({ role: 'weight' as never })],
    "is not sound: its role is to be 'trainable' or 'state'; got weight",
  ],
  [
    'an object with many fields',
    () => [Object.fromEntries([...'abcdefg'].map((field) => [field, 1]))],
    'entry 0 of its list is an object with a, b, c, d, e, ..., not a layer',
  ],
  [
    'a normalised layer without a kernel',
    () => [spectralNorm(flatten)],
    'its function throws UserError: spectralNorm takes a layer with a parameter LAYER/kernel',
  ],
  [
    'an initializer without its numbers',
    () => [spec({ initializer: { kind: 'glorot', fanIn: 4 } as never })],
    'is not sound: its initializer glorot lacks a number',
  ],
  ['two parameters of one name', () => [...plain(), ...plain()], 'two of its parameters are called dense0/kernel'],
  ['no trainable parameter', () => [flatten], 'none of its parameters is trainable'],
  [
    'orthonormal rows that cannot be',
    () => [spec({ shape: [3, 2], initializer: { kind: 'orthogonal' } })],
    'a/b of 3 x 2 cannot have orthonormal rows',
  ],
  [
    'state that nothing updates',
    () => [...plain(), spec({ name: 'a/count', role: 'state' })],
    'nothing updates its state a/count',
  ],
  [
    'a moving mean without its variance',
    () => [...plain(), spec({ name: 'a/movingMean', role: 'state' })],
    'nothing updates its state a/movingMean',
  ],
  ['other layers each time', () => [dense('dense0', 3, ++calls)], 'layers with other parameters each time'],
])('refuses %s', (_what, build, sentence) => {
  expect(() => createLayouts(modelOf(build))).toThrow(expect.objectContaining({ code: 'bad-layers' }) as Error);
  expect(() => createLayouts(modelOf(build))).toThrow(sentence);
});

describe('the first pass refuses', () => {
  const judge = () => [flatten, dense('dense0', 16, 1)];
  const broken: Layer = { parameters: [], apply: (x) => matMul(x as Tensor<never>, x as Tensor<never>) };
  it.each<[string, () => unknown, (() => unknown) | undefined, string]>([
    [
      'images of another shape',
      () => [dense('dense0', 3, 18), toShape([3, 6, 1])],
      undefined,
      'The generator plain makes float32 [2, 3, 6, 1] of float32 [2, 3]; expected float32 [2, 4, 4, 1]: images',
    ],
    [
      'logits of another shape',
      plain,
      () => [flatten, dense('dense0', 16, 2)],
      'The discriminator judge makes float32 [2, 2] of float32 [2, 4, 4, 1]; expected float32 [2, 1]: logits [B, 1]',
    ],
    [
      'layers that do not fit together',
      () => [dense('dense0', 3, 5), flatten, dense('dense1', 4, 16), toShape([4, 4, 1])],
      judge,
      'The generator plain, layer 2 (dense1), fails on float32 [2, 5]: ',
    ],
    [
      'a layer that asks for a parameter that no layer has',
      () => [...plain(), { parameters: [], apply: (_: Tensor, { parameter }: Pass) => parameter('a/b') }],
      judge,
      'The generator plain, layer 2, fails on float32 [2, 4, 4, 1]: No layer of the network has a parameter a/b.',
    ],
    ['a layer that throws', () => [...plain(), broken], judge, 'The generator plain, layer 2, fails on float32'],
    [
      'a layer that returns no tensor',
      () => [...plain(), stateless(() => undefined as never)],
      judge,
      'The generator plain, layer 2, returns nothing for float32 [2, 4, 4, 1]; expected a tensor',
    ],
    [
      'an operation without a gradient',
      () => [dense('dense0', 3, 16), stateless((x) => topk(x, 16).values), toShape([4, 4, 1])],
      judge,
      'The gradient of the generator plain or the discriminator judge needs that of the operation TopK',
    ],
    [
      'state of which no layer tells the new value',
      () => [{ ...batchNorm('norm0', 3), apply: (x: Tensor) => x }, ...plain()],
      judge,
      'No layer has told the new value of the state norm0/movingMean',
    ],
  ])('%s', async (_what, generator, discriminator, sentence) => {
    await expect(backward(modelOf(generator, discriminator))).rejects.toThrow(sentence);
  });
});

it('says which code is missing, and which there is', () => {
  registerNetworks('test', { generators: { plain, fancy: plain } });
  const hash = 'ab'.repeat(32);
  const cases: [Partial<ModelConfig>, string, string][] = [
    [{ source: undefined }, 'names the generator plain, and no file defines it', 'set model.source'],
    [{ source: hash }, `the generator plain has SHA-256 ${hash}, and the given file has test`, 'unchanged'],
    [
      { source: 'another' },
      'the generator plain is called "another" (model.source), and this program has not registered it; registered: "test"',
      'registerNetworks("another", ...)',
    ],
    [
      { generator: { kind: 'custom', name: 'plan' } },
      'defines no generator plan; it defines plain, fancy',
      'mean plain',
    ],
    [{ discriminator: { kind: 'custom', name: 'x' } }, 'no discriminator x; it defines no discriminator', "file's own"],
  ];
  for (const [changes, message, advice] of cases) {
    const error = expect.objectContaining({
      message: expect.stringContaining(message),
      advice: expect.stringContaining(advice),
    }) as Error;
    expect(() => createLayouts({ ...model, ...changes })).toThrow(error);
  }
  const ours: ModelConfig = { ...model, generator: { kind: 'dense', units: [4] } };
  expect(() => createLayouts(ours)).toThrow('neither network is of kind custom');
});

it.each<[unknown, string]>([
  [{}, 'neither a generator nor a discriminator'],
  [{ generators: {} }, 'neither a generator nor a discriminator'],
  [{ generators: plain }, 'generators is function'],
  [{ generators: { plain: [] } }, 'generators["plain"] is not a function'],
  [{ discriminators: null }, 'discriminators is object'],
])('refuses to register %j', (networks, sentence) => {
  expect(() => registerNetworks('other', networks as CustomNetworks)).toThrow(sentence);
});

it('options are JSON values of a bounded size and depth', () => {
  const accepts = (options: unknown) =>
    modelConfigSchema.safeParse({ ...model, generator: { kind: 'custom', name: 'plain', options } }).success;
  let deep: unknown = 1;
  for (let i = 0; i < 17; i++) deep = [deep];
  expect([{ a: [1, { b: null }], c: 'x' }, { a: 'x'.repeat(16_000) }].map(accepts)).toEqual([true, true]);
  expect([{ a: 'x'.repeat(17_000) }, { deep }, { a: NaN }, { a: () => 1 }, [1], 'x'].map(accepts)).toEqual(
    Array.from({ length: 6 }, () => false),
  );
});
