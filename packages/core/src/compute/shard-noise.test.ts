import { expect, it } from 'vitest';
import { presets } from '../presets.ts';
import { createShardNoise } from './shard-noise.ts';

it('is the same if it was prepared or not, and different at every place', () => {
  const preset = presets.get('digits');
  if (preset === undefined) throw new Error('digits is a preset');
  const config = { ...preset, seed: 1 };
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
