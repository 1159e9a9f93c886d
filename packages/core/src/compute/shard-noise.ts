/**
 * The noise of a shard: a pure function of (seed, step, phase, turn, shard). Drawing noise occupies the main thread. So
 * noise for the shards that will most likely come next is drawn while the worker waits.
 */
import type { RunConfig } from '../config/run-config-schema.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { streamKey } from '../random/stream-key.ts';
import { keyOfShardPlace, type ShardPlace } from '../step/place.ts';

/** Draws the noise of shards. */
export interface ShardNoise {
  /** Draws the noise of these shards, and forgets the noise of all other shards. */
  prepare(places: readonly ShardPlace[]): void;
  /** Returns a shard's noise, [shardSize x latent]. Draws the noise now if `prepare` has not drawn it. */
  of(place: ShardPlace): Float32Array;
}

/** Makes the noise of a run. */
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
