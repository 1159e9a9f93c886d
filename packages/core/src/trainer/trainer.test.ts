import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../model/model-config.ts';
import { presets } from '../presets.ts';
import { readGenerator } from '../sampling/read-generator.ts';
import { smallConditionalModel as conditional, smallModel as model } from '../testing/small-model.ts';
import { createTrainer, restoreTrainer } from './create-trainer.ts';
import type { Pixels } from './step-images.ts';

const shape = { batchSize: 4, shardSize: 2, discriminatorSteps: 2 };
const pixelsOf = (seed: number) => Uint8Array.from({ length: 8 * 64 }, (_, i) => (i * 37 + seed * 101) % 256);

beforeAll(() => setBackend('cpu'));

it('goes on with the same bits after save and restore, and keeps no tensors', async () => {
  const trainer = createTrainer(model, shape);
  await trainer.step(pixelsOf(1));
  const tensors = memory().numTensors;
  const restored = await restoreTrainer(await trainer.save());
  expect([restored.steps, restored.config]).toEqual([1, trainer.config]);
  for (const seed of [2, 3]) {
    const losses = await trainer.step(pixelsOf(seed));
    expect(await restored.step(pixelsOf(seed))).toEqual(losses);
    // One of two discriminator phases computes the penalty.
    expect(losses.penalty).toBeGreaterThan(0);
  }
  expect(await restored.save()).toEqual(await trainer.save());
  expect(memory().numTensors).toBe(tensors);
  const { weights } = readGenerator(await trainer.save());
  expect(weights).not.toEqual(readGenerator(await createTrainer(model, shape).save()).weights);
});

it('reads bytes in every form as the same pixels, also from the middle of a buffer, and copies them', async () => {
  const bytes = pixelsOf(1);
  const large = Buffer.concat([Buffer.alloc(7), bytes]);
  const forms: Pixels[] = [
    bytes,
    Uint8ClampedArray.from(bytes),
    bytes.buffer,
    Buffer.from(bytes),
    large.subarray(7),
    new Uint8Array(large.buffer, large.byteOffset + 7, bytes.length),
  ];
  const saved = await Promise.all(
    forms.map(async (form) => {
      const trainer = createTrainer(model, shape);
      await trainer.step(form);
      return trainer.save();
    }),
  );
  for (const other of saved) expect(other).toEqual(saved[0]);
  const trainer = createTrainer(model, shape);
  const changing = bytes.slice();
  const stepping = trainer.step(changing);
  changing.fill(0);
  await stepping;
  expect(await trainer.save()).toEqual(saved[0]);
});

it('reads floats as pixels from -1 to 1', async () => {
  const [bytes, floats] = [createTrainer(model, shape), createTrainer(model, shape)];
  const ofBytes = await bytes.step(pixelsOf(1));
  const ofFloats = await floats.step(Float32Array.from(pixelsOf(1), (value) => value / 127.5 - 1));
  expect(ofFloats.discriminator).toBeCloseTo(ofBytes.discriminator, 4);
});

it('restores from a Buffer in the middle of another, and from an ArrayBuffer', async () => {
  const file = await createTrainer(model, { ...shape, seed: 9 }).save();
  const large = Buffer.concat([Buffer.alloc(3), file]);
  for (const form of [file, file.buffer, large.subarray(3)])
    expect(await (await restoreTrainer(form)).save()).toEqual(file);
});

it('trains a model with classes: the labels decide the weights, and each image has its class', async () => {
  const labels = [0, 1, 2, 0, 1, 2, 0, 1];
  const [trainer, other] = [createTrainer(conditional, shape), createTrainer(conditional, shape)];
  await trainer.step(pixelsOf(1), labels);
  await other.step(pixelsOf(1), labels.toReversed());
  expect(await other.save()).not.toEqual(await trainer.save());
  expect(readGenerator(await trainer.save()).classNames).toEqual(['0', '1', '2']);
  const [inTurn, chosen] = [await trainer.sample(3), await trainer.sample(3, [0, 1, 2])];
  expect(inTurn).toEqual(chosen);
  expect(await trainer.sample(3, [2, 1, 0])).not.toEqual(chosen);
});

it('samples the same noise each time, or noise that it is given', async () => {
  const trainer = createTrainer(model, shape);
  const images = await trainer.sample(2);
  expect(images).toHaveLength(2 * 64);
  expect(await trainer.sample(2)).toEqual(images);
  expect(await trainer.sample(new Float32Array(4))).toHaveLength(64);
});

it('takes the settings of a configuration, and refuses what it cannot do', () => {
  const { config } = createTrainer(model, { ...shape, optimizer: { generator: { learningRate: 1 } } });
  expect(config.optimizer.generator).toEqual({ learningRate: 1, beta1: 0.5, beta2: 0.99, epsilon: 1e-8 });
  expect(createTrainer(model, config).config).toEqual(config);
  const changed = createTrainer(model, { ...config, generatorOptimizer: { learningRate: 2 }, ema: { rampUp: null } });
  expect(changed.config.optimizer.generator.learningRate).toBe(2);
  expect(changed.config.ema).toEqual({ halfLifeImages: 10_000, rampUp: null });
  expect(createTrainer(model).config).toMatchObject({ batchSize: 64, shardSize: 16, discriminatorSteps: 1, seed: 1 });
});

describe('refuses in one sentence', () => {
  it.each<[string, () => unknown, string, RegExp]>([
    [
      'a batch that shards do not divide',
      () => createTrainer(model, { batchSize: 6, shardSize: 4 }),
      'batch-not-divisible',
      /6 images/,
    ],
    [
      'groups that do not divide a shard',
      () => createTrainer({ ...model, discriminator: { filters: [4], dropout: 0, minibatchDeviation: 4 } }, shape),
      'config',
      /groups of 4/,
    ],
    [
      'an unknown option',
      () => createTrainer(model, { learningRate: 1 } as object),
      'config',
      /learningRate is no field/,
    ],
    [
      'a preset',
      () => createTrainer(presets.get('digits') as unknown as ModelConfig),
      'config',
      /takes a model, but got a preset/,
    ],
    ['a wrong value', () => createTrainer(model, { seed: -1 }), 'config', /seed/],
    [
      'a model whose sizes do not fit',
      () => createTrainer({ ...model, image: { size: 10, channels: 1 } }),
      'model-does-not-fit',
      /10 x 10/,
    ],
    [
      'another precision',
      () => createTrainer(model, { precision: 'bfloat16' }),
      'not-trainable-here',
      /precision is bfloat16/,
    ],
    [
      'images of another number',
      () => createTrainer(model, shape).step(new Uint8Array(4 * 64)),
      'wrong-images',
      /8 images of 8 x 8 x 1, 512 numbers, but got 256 \(4 images\)/,
    ],
    [
      'floats that are bytes',
      () => createTrainer(model, shape).step(new Float32Array(512).fill(200)),
      'wrong-images',
      /one is 200/,
    ],
    [
      'numbers that are not finite',
      () => createTrainer(model, shape).step(new Float32Array(512).fill(NaN)),
      'wrong-images',
      /one is NaN/,
    ],
    [
      'a plain list',
      () => createTrainer(model, shape).step([1, 2] as unknown as Uint8Array),
      'wrong-images',
      /got Array/,
    ],
    [
      'another type',
      () => createTrainer(model, shape).step(new Int32Array(512) as unknown as Uint8Array),
      'wrong-images',
      /got Int32Array/,
    ],
    [
      'labels without classes',
      () => createTrainer(model, shape).step(pixelsOf(1), [1]),
      'wrong-labels',
      /reads no labels/,
    ],
    [
      'no labels with classes',
      () => createTrainer(conditional, shape).step(pixelsOf(1)),
      'wrong-labels',
      /reads 8 labels.*got 0/,
    ],
    [
      'a label that is no class',
      () => createTrainer(conditional, shape).step(pixelsOf(1), Array<number>(8).fill(3)),
      'wrong-labels',
      /one is 3/,
    ],
    ['a number of samples', () => createTrainer(model, shape).sample(0), 'wrong-noise', /not 0/],
    ['a checkpoint that is a text', () => restoreTrainer('file' as unknown as ArrayBuffer), 'no-bytes', /got string/],
    [
      'a checkpoint of floats',
      () => restoreTrainer(new Float32Array(9) as unknown as ArrayBuffer),
      'no-bytes',
      /got Float32Array/,
    ],
    [
      'a checkpoint that is cut',
      async () => restoreTrainer((await createTrainer(model, shape).save()).subarray(0, 999)),
      'not-safetensors',
      /bytes/,
    ],
  ])('%s', async (_, act, code, message) => {
    await expect((async () => act())()).rejects.toMatchObject({
      name: 'UserError',
      code,
      message: expect.stringMatching(message),
    });
  });

  it('a step before the last one has ended, which goes on', async () => {
    const trainer = createTrainer(model, shape);
    const first = trainer.step(pixelsOf(1));
    await expect(trainer.step(pixelsOf(2))).rejects.toMatchObject({ code: 'step-running' });
    await first;
    expect(trainer.steps).toBe(1);
  });

  it('a step that is not finite, and keeps the weights', async () => {
    const wild = { learningRate: 1e38 };
    const trainer = createTrainer(model, { ...shape, generatorOptimizer: wild, discriminatorOptimizer: wild });
    const before = await trainer.save();
    await expect(trainer.step(pixelsOf(1))).rejects.toMatchObject({
      code: 'not-finite',
      message: expect.stringMatching(/^Training stopped in step 1/),
    });
    expect(await trainer.save()).toEqual(before);
    expect(trainer.steps).toBe(0);
  });
});
