/**
 * What a worker computes while it waits for an update: the start of its shards in the next phase, which needs no
 * weights that are on their way. Most often the same shards come back to it; if not, what was computed is forgotten.
 */
import { keyOfShardPlace, type Network, type ShardPlace } from '@lstm-gan/core';
import type { FinishShard } from './run-lease.ts';

type Versions = Readonly<Record<Network, number>>;

/** Of a generator's forward pass many arrays are kept, so few shards are started ahead. */
const maxShardsAhead = 4;

export interface AheadShard {
  readonly place: ShardPlace;
  /** The network that the start needs, and the version of its weights. */
  readonly network: Network;
  readonly version: number;
  readonly start: () => Promise<FinishShard>;
}

export interface Ahead {
  /** Starts shards, one after the other, until told to stop; forgets what was started before. */
  begin(shards: readonly AheadShard[]): void;
  /** Starts no more, and waits for the one in work; of a network that is named, only if it is the one in use. */
  stop(network?: Network): Promise<void>;
  /** What was started of a shard with these weights. */
  take(place: ShardPlace, versions: Versions): FinishShard | undefined;
  /** Time spent since the last call. */
  takeMs(): number;
}

export function createAhead(now: () => number): Ahead {
  const started = new Map<string, Pick<AheadShard, 'network' | 'version'> & { readonly finish: FinishShard }>();
  let stopping = false;
  let used: Network | undefined;
  let running: Promise<void> = Promise.resolve();
  let spentMs = 0;

  const runAll = async (shards: readonly AheadShard[]): Promise<void> => {
    for (const { place, network, version, start } of shards) {
      if (stopping) return;
      const startMs = now();
      try {
        started.set(keyOfShardPlace(place), { network, version, finish: await start() });
      } catch {
        // The lease itself runs into the same error, and reports it.
        return;
      } finally {
        spentMs += now() - startMs;
      }
    }
  };

  return {
    begin(shards) {
      stopping = false;
      used = shards[0]?.network;
      started.clear();
      running = runAll(shards.slice(0, maxShardsAhead));
    },
    async stop(network = used) {
      if (network !== used) return;
      stopping = true;
      await running;
    },
    take(place, versions) {
      const found = started.get(keyOfShardPlace(place));
      return found !== undefined && found.version === versions[found.network] ? found.finish : undefined;
    },
    takeMs() {
      const ms = spentMs;
      spentMs = 0;
      return ms;
    },
  };
}
