import { presets } from '@lstm-gan/core';
import { createRunConfig } from '@lstm-gan/run';
import { expect, it } from 'vitest';
import { createShardNoise } from './shard-noise.ts';

it('is the same if it was prepared or not, and different at every place', () => {
  const preset = presets.get('digits');
  if (preset === undefined) throw new Error('digits is a preset');
  const config = createRunConfig(preset);
  const [early, late] = [createShardNoise(config), createShardNoise(config)];
  const places = [1, 2].flatMap((step) =>
    [0, 1].flatMap((turn) => [0, 1].map((shard) => ({ step, phase: 'discriminator' as const, turn, shard }))),
  );
  const drawn = places.map((place) => late.of(place));
  for (const place of places) {
    early.prepare([place]);
    expect(early.of(place)).toBe(early.of(place));
  }
  early.prepare(places);
  expect(places.map((place) => early.of(place))).toEqual(drawn);
  expect(drawn[0]).toHaveLength(config.shardSize * config.model.latent);
  expect(new Set(drawn.map((noise) => noise.join())).size).toBe(places.length);
});
