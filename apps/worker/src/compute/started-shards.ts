/**
 * Shards of the next phase that a worker starts while it waits for new weights. The worker starts them with the network
 * that is not being updated. Most often the worker gets the same shards in the next phase. If it gets other shards,
 * what it started is dropped.
 */
import type { Network } from '@lstm-gan/core';
import type { FinishShard } from '@lstm-gan/core/compute';
import { keyOfShardPlace, type ShardPlace } from '@lstm-gan/core/step';

type Versions = Readonly<Record<Network, number>>;

export interface StartableShard {
  readonly place: ShardPlace;
  /** The network that the start needs, and the version of its weights. */
  readonly network: Network;
  readonly version: number;
  readonly start: () => Promise<FinishShard>;
}

export interface StartedShards {
  /** Starts shards, one after the other, until `stop` is called. Forgets the shards of an earlier `begin`. */
  begin(shards: readonly StartableShard[]): void;
  /** Starts no more shards, and waits for the one that is being started. */
  stop(): Promise<void>;
  /** Does the same as `stop`, but only if shards are being started with this network's weights. */
  stopUsing(network: Network): Promise<void>;
  /** Returns the started shard, if it was started with these versions of the weights. Otherwise undefined. */
  take(place: ShardPlace, versions: Versions): FinishShard | undefined;
  /** Returns the milliseconds spent in starting shards since `takeSpentMs` was called last. */
  takeSpentMs(): number;
}

/**
 * @param mostShards how many shards are started at most
 * @param now milliseconds of a clock that never goes back
 */
export function createStartedShards(mostShards: number, now: () => number): StartedShards {
  const started = new Map<string, Pick<StartableShard, 'network' | 'version'> & { readonly finish: FinishShard }>();
  let isStopping = false;
  let usedNetwork: Network | undefined;
  let running: Promise<void> = Promise.resolve();
  let spentMs = 0;

  const startAll = async (shards: readonly StartableShard[]): Promise<void> => {
    for (const { place, network, version, start } of shards) {
      if (isStopping) return;
      const startMs = now();
      try {
        started.set(keyOfShardPlace(place), { network, version, finish: await start() });
      } catch {
        // An error of a start is ignored here. It occurs again when the lease is computed, and is reported then.
        return;
      } finally {
        spentMs += now() - startMs;
      }
    }
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    await running;
  };

  return {
    begin(shards) {
      isStopping = false;
      usedNetwork = shards[0]?.network;
      started.clear();
      running = startAll(shards.slice(0, mostShards));
    },
    stop,
    async stopUsing(network) {
      if (network === usedNetwork) await stop();
    },
    take(place, versions) {
      const found = started.get(keyOfShardPlace(place));
      return found !== undefined && found.version === versions[found.network] ? found.finish : undefined;
    },
    takeSpentMs() {
      const ms = spentMs;
      spentMs = 0;
      return ms;
    },
  };
}
