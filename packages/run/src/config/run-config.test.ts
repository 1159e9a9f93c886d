import { presets, type Preset } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { readSettings } from './read-config.ts';
import { configure, createRunConfig } from './run-config.ts';

const digits = presets.get('digits') as Preset;

it('suggests a batch that the shard size divides', () => {
  expect(() => createRunConfig(digits, { batchSize: 60 })).toThrow(
    expect.objectContaining({
      code: 'batch-not-divisible',
      advice: expect.stringContaining('--batch-size 64'),
    }) as Error,
  );
  expect(createRunConfig(digits, { batchSize: 32, seed: 9 })).toMatchObject({ batchSize: 32, seed: 9, shardSize: 16 });
});

it.each<[string, string[], number[], number[]]>([
  ['rows', ['model.image.size=128'], [128, 64, 32], [64, 128, 256, 512]],
  ['digits', ['model.image.size=64'], [128, 64], [64, 128, 256, 512]],
  // Filters that the user names stay.
  ['rows', ['model.image.size=128', 'model.generator.filters=[64,32,16]'], [64, 32, 16], [64, 128, 256]],
  ['rows', ['model.image.size=128', 'model.discriminator.filters=[8,16]'], [128, 64, 32], [8, 16]],
  // A configuration that fits stays as it is.
  ['dcgan-rows', ['model.image.size=128', 'model.generator.base=[16,16,44]'], [128, 64], [64, 128, 256]],
  ['dcgan-rows', ['model.generator.base=[4,4,704]'], [128, 64, 32], [64, 128, 256]],
])('%s with %j gets filters that fit', (preset, settings, generatorFilters, discriminatorFilters) => {
  const { model } = configure(presets.get(preset) as Preset, [readSettings(settings)]);
  expect(model.generator).toMatchObject({ filters: generatorFilters });
  expect(model.discriminator).toMatchObject({ filters: discriminatorFilters });
});

it('refuses an image size that no filters fit, and names sizes that fit', () => {
  expect(() => configure(presets.get('rows') as Preset, [readSettings(['model.image.size=100'])])).toThrow(
    expect.objectContaining({ advice: expect.stringContaining('--set model.image.size=128') }) as Error,
  );
});
