/**
 * The noise of a shard: a pure function of (seed, step, phase, turn, shard). Drawing it occupies the main thread, so it
 * is drawn while the worker waits, for the shards that will most likely come next.
 */
import { normalNoise, streamKey } from '@lstm-gan/core';
import { keyOfShardPlace, type ShardPlace } from '@lstm-gan/core/step';
import type { RunConfig } from '@lstm-gan/run';

export interface ShardNoise {
  /** Draws the noise of these shards, and forgets what was drawn before. */
  prepare(places: readonly ShardPlace[]): void;
  /** [shardSize x latent]; drawn now if it was not prepared. */
  of(place: ShardPlace): Float32Array;
}

export function createShardNoise(config: Pick<RunConfig, 'seed' | 'shardSize' | 'model'>): ShardNoise {
  const drawn = new Map<string, Float32Array>();
  const draw = (place: ShardPlace): Float32Array =>
    normalNoise(streamKey({ seed: config.seed, ...place, purpose: 'noise' }), config.shardSize * config.model.latent);
  return {
    prepare(places) {
      drawn.clear();
      for (const place of places) drawn.set(keyOfShardPlace(place), draw(place));
    },
    of: (place) => drawn.get(keyOfShardPlace(place)) ?? draw(place),
  };
}
