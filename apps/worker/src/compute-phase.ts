/**
 * What a worker does for one phase of a step, from top to bottom:
 *
 *   1. takes the work: a lease of shards (the weights that it needs have arrived before it);
 *   2. computes each shard, and adds its gradient to the sum of its subtree;
 *   3. sends its contribution, through the exchange of the run;
 *   4. starts shards of the next phase ahead, with the network that is not being updated.
 */
import type { Network } from '@lstm-gan/core';
import {
  computeSubtree,
  NotFiniteError,
  startShard,
  type FinishShard,
  type NetworkWeights,
} from '@lstm-gan/core/compute';
import { assert } from '@lstm-gan/core/errors';
import { shardsOf } from '@lstm-gan/core/fold';
import { nextPlace, type ShardPlace } from '@lstm-gan/core/step';
import { roundToBfloat16 } from '@lstm-gan/core/weights';
import type { RoundHeader, ShardLosses, WeightsVersions, Work } from '@lstm-gan/transport';
import { realImagesOf, type SentImages } from './compute/real-images.ts';
import type { StartableShard } from './compute/started-shards.ts';
import type { CurrentWeights } from './current-weights.ts';
import type { PreparedRun } from './prepare-run.ts';

export async function computePhase(run: PreparedRun, work: Work): Promise<void> {
  const { link, now, startedShards, exchange } = run;
  const weights = weightsOfVersions(run.weights, work.weightsVersions);
  const images = realImagesOf(work, run.config);
  await startedShards.stop();
  const startMs = now();
  const aheadMs = startedShards.takeSpentMs();
  const waitingMs = Math.max(0, startMs - run.idleSinceMs - aheadMs);
  const round = headerOf(work);
  try {
    const { sums, losses } = await computeLease(run, weights, work, images);
    run.idleSinceMs = now();
    const computeMs = run.idleSinceMs - startMs + aheadMs;
    const { subtrees } = work;
    exchange.contribute({ kind: 'contribution', ...round, subtrees, losses, computeMs, waitingMs, sums });
    // `setImmediate` lets the event loop send the contribution before the noise is drawn.
    setImmediate(prepareNoise, run, work);
    startedShards.begin(nextShards(run, work, images));
  } catch (error) {
    const shard = error instanceof NotFiniteError ? error.shard : work.subtrees[0].start;
    const reason = error instanceof NotFiniteError ? 'not-finite' : 'engine';
    link.send({ kind: 'failed', ...round, shard, reason, sentence: (error as Error).message.slice(0, 2000) });
  }
}

/** Returns both networks' weights of these versions. Weights arrive before work, so a missing version is a bug. */
function weightsOfVersions({ generator, discriminator }: CurrentWeights, versions: WeightsVersions): NetworkWeights {
  assert(generator?.version === versions.generator, "the generator's weights came before the work");
  assert(discriminator?.version === versions.discriminator, "the discriminator's weights came before the work");
  return { generator: generator.values, discriminator: discriminator.values };
}

interface LeaseResult {
  /** One partial sum for each subtree of the work, in the layout of the phase's network. */
  readonly sums: Float32Array[];
  readonly losses: ShardLosses[];
}

/** Computes all shards of a lease. A shard that was started ahead with the same weights is only finished. */
async function computeLease(
  run: PreparedRun,
  weights: NetworkWeights,
  work: Work,
  images: SentImages,
): Promise<LeaseResult> {
  const { arithmetic, config } = run;
  const { step, phase, turn, weightsVersions } = work;
  const start = async (shard: number): Promise<FinishShard> => {
    const place: ShardPlace = { step, phase, turn, shard };
    return run.startedShards.take(place, weightsVersions) ?? startShard(run, phase, weights[phase], place, images);
  };
  const sums: Float32Array[] = [];
  const losses: ShardLosses[] = [];
  for (const subtree of work.subtrees) {
    const result = await computeSubtree(subtree, weights, images, start, arithmetic);
    const sum = arithmetic.toOutgoing(result.sum);
    if (config.wire === 'bfloat16') roundToBfloat16(sum);
    sums.push(sum);
    losses.push(...result.losses);
  }
  return { sums, losses };
}

/**
 * Returns the shards of `work` in the phase after `work`. They are to be started with the network that the phase of
 * `work` does not update. Returns no shards if there is no next phase or the weights of that network are missing.
 */
function nextShards(run: PreparedRun, work: Work, images: SentImages): StartableShard[] {
  const network: Network = work.phase === 'discriminator' ? 'generator' : 'discriminator';
  const weights = run.weights[network];
  if (weights === undefined) return [];
  const next = nextPlace(work, run.config.discriminatorSteps);
  // The work of a run's last phase comes without images for a next one, because no phase follows.
  if (network === 'discriminator' && !images.has(next)) return [];
  return shardsOf(work.subtrees).map((shard) => {
    const place = { ...next, shard };
    const start = () => startShard(run, network, weights.values, place, images);
    return { place, network, version: weights.version, start };
  });
}

/**
 * Draws the noise that the shards of `work` need in the next phase. With shared noise, a generator phase needs no noise
 * of its own.
 */
function prepareNoise({ config, noise }: PreparedRun, work: Work): void {
  const next = nextPlace(work, config.discriminatorSteps);
  if (next.phase === 'generator' && config.sharedNoise) return;
  noise.prepare(shardsOf(work.subtrees).map((shard) => ({ ...next, shard })));
}

/** Returns the fields of a work message that the contribution repeats. These fields name the round and the lease. */
function headerOf({
  run,
  incarnation,
  membership,
  step,
  phase,
  turn,
  crew,
  lease,
  weightsVersions,
}: RoundHeader): RoundHeader {
  return { run, incarnation, membership, step, phase, turn, crew, lease, weightsVersions };
}
