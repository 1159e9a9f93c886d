import { presets, type Preset } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { createRunConfig } from './run-config.ts';

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
