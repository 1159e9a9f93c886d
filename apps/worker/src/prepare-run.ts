/**
 * What a worker builds when the coordinator has sent the run's configuration: the engine, the compiled units and the
 * exchange. Then the worker tells the coordinator what it computes with, so that the coordinator can decide whether the
 * worker may join.
 */
import { createLayouts, type Network } from '@lstm-gan/core';
import { compileUnits, createGeneratorPasses, createShardNoise, type ShardTools } from '@lstm-gan/core/compute';
import type { Engine } from '@lstm-gan/engine';
import { checkRunConfig, layoutSha256, type RunConfig } from '@lstm-gan/run';
import type { Exchange, Ready, RunHeader, Welcome, WorkerLink } from '@lstm-gan/transport';
import { fingerprints } from './compute/fingerprints.ts';
import { createStartedShards, type StartedShards } from './compute/started-shards.ts';
import type { CurrentWeights } from './current-weights.ts';
import { createSlicedExchange } from './exchange/sliced/sliced-exchange.ts';
import { createStarExchange } from './exchange/star/star-exchange.ts';
import type { WorkerExchange } from './exchange/worker-exchange.ts';
import type { WorkerOptions } from './worker-options.ts';

/** Everything that a worker needs during a run. */
export interface PreparedRun extends ShardTools {
  readonly link: WorkerLink;
  readonly now: () => number;
  readonly header: RunHeader;
  readonly engine: Engine;
  readonly exchange: WorkerExchange;
  readonly weights: CurrentWeights;
  readonly startedShards: StartedShards;
  /** Waits until no shard is being started with a network's weights, then releases them. */
  readonly releaseWeights: (network: Network) => Promise<void>;
  /** The time since which the worker has had no lease to compute. */
  idleSinceMs: number;
}

/** A started generator pass keeps many arrays, so only a few shards are started ahead. */
const mostShardsAhead = 4;

export async function prepareRun(welcome: Welcome, options: WorkerOptions): Promise<PreparedRun> {
  const { link, name, log, now } = options;
  const { run, incarnation, membership } = welcome;
  const header = { run, incarnation, membership };
  const config = checkRunConfig(JSON.parse(welcome.config));
  const engine = await options.openEngine(config);
  const units = await compileUnits(engine, config);
  // If the worker shares a processor with the coordinator, starting shards ahead would only delay the coordinator's
  // update.
  const sharesProcessor = options.besideCoordinator && engine.describe().device.kind === 'cpu';
  const startedShards = createStartedShards(sharesProcessor ? 0 : mostShardsAhead, now);
  const { arithmetic } = engine;
  const weights: CurrentWeights = {};
  const releaseWeights = async (network: Network): Promise<void> => {
    const old = weights[network];
    await startedShards.stopUsing(network);
    if (old !== undefined) arithmetic.release(old.values);
  };
  const parts = { header, config, arithmetic, weights, releaseWeights };
  const exchange = await openExchange(welcome.exchange, parts, options);
  const ready: Ready = {
    ...describeEngine(engine),
    kind: 'ready',
    ...header,
    layouts: layoutHashes(config),
    ...(await fingerprints(units)),
    peer: exchange.address,
  };
  link.send(ready);
  log.info(
    `Ready as ${name} for a run of preset ${config.preset} ` +
      `(${ready.device}, threads: ${ready.threads}, TensorFlow ${ready.tensorflow}).`,
  );
  return {
    ...parts,
    link,
    now,
    engine,
    units,
    exchange,
    startedShards,
    generatorPasses: createGeneratorPasses(),
    noise: createShardNoise(config),
    idleSinceMs: now(),
  };
}

type ExchangeParts = Pick<PreparedRun, 'header' | 'config' | 'arithmetic' | 'weights' | 'releaseWeights'>;

/**
 * Opens the exchange of the run. Only this function of the worker's code asks whether the exchange is star or sliced.
 */
async function openExchange(
  kind: Exchange,
  parts: ExchangeParts,
  { link, openPeers, host, log, now }: WorkerOptions,
): Promise<WorkerExchange> {
  if (kind === 'star') return createStarExchange(link);
  return createSlicedExchange({ ...parts, link, peers: await openPeers(), host, log, now });
}

function describeEngine(engine: Engine): Pick<Ready, 'engine' | 'tensorflow' | 'threads' | 'device'> {
  const { engine: name, tensorflow, threads, device } = engine.describe();
  return { engine: name, tensorflow, threads, device: `${device.kind} ${device.name}` };
}

function layoutHashes({ model }: RunConfig): Ready['layouts'] {
  const { generator, discriminator } = createLayouts(model);
  return { generator: layoutSha256(generator), discriminator: layoutSha256(discriminator) };
}
