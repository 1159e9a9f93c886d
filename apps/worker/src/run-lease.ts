/**
 * What a worker computes: the units of a phase for each shard of a lease, and the sum of each subtree. A pure function of
 * weights, images and (seed, step, phase, shard), so it does not matter who computes a shard, or how often.
 */
import { assert, foldRange, normalNoise, streamKey, type Network, type StreamPurpose, type VectorArithmetic, type VectorSum } from '@lstm-gan/core';
import type { RunConfig } from '@lstm-gan/run';
import type { ShardLosses, Work } from '@lstm-gan/transport';
import type { CompiledUnits } from './compile-units.ts';

export type NetworkWeights = Readonly<Record<Network, Float32Array>>;

export interface LeaseResult {
  /** One for each subtree of the work, in the layout of the phase's network. */
  readonly sums: Float32Array[];
  readonly losses: ShardLosses[];
}

/** A shard whose loss or contribution is not finite: training cannot go on, and nothing is repaired. */
export class NotFiniteError extends Error {
  readonly shard: number;

  constructor(shard: number, what: string) {
    super(`${what} of shard ${shard} is not a finite number.`);
    this.name = 'NotFiniteError';
    this.shard = shard;
  }
}

interface ShardResult {
  readonly leaf: Float32Array;
  readonly loss: number;
  readonly penalty: number;
}

/** Computes a lease. */
export async function runLease(
  units: CompiledUnits,
  weights: NetworkWeights,
  work: Work,
  config: RunConfig,
  arithmetic: VectorArithmetic,
): Promise<LeaseResult> {
  const { size, channels } = config.model.image;
  const shardBytes = config.shardSize * size * size * channels;
  const shards = work.subtrees.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  const leaves = new Map<number, Float32Array>();
  const losses: ShardLosses[] = [];
  for (const [index, shard] of shards.entries()) {
    const images = work.images.subarray(index * shardBytes, (index + 1) * shardBytes);
    const place = { seed: config.seed, step: work.step, phase: work.phase, shard };
    const run = work.phase === 'discriminator' ? discriminatorShard : generatorShard;
    const { leaf, loss, penalty } = await run(units, weights, place, { images, config, add: arithmetic.add });
    if (!Number.isFinite(loss + penalty)) throw new NotFiniteError(shard, 'The loss');
    leaves.set(shard, leaf);
    losses.push({ shard, loss, penalty });
  }
  const sums = work.subtrees.map((range) => {
    const sum = foldRange(range, ({ start, end }) => (end - start === 1 ? leaves.get(start) : undefined), arithmetic.add);
    assert(sum !== undefined, 'every shard of a subtree was computed');
    // What is not finite in a leaf is not finite in a sum, so one look at the sum is enough while all is well.
    if (!arithmetic.isFinite(sum)) throw blame(leaves, arithmetic);
    return sum;
  });
  return { sums, losses };
}

interface Place {
  readonly seed: number;
  readonly step: number;
  readonly phase: Network;
  readonly shard: number;
}

interface ShardInput {
  readonly images: Uint8Array;
  readonly config: RunConfig;
  readonly add: VectorSum;
}

const keyOf = (place: Place, purpose: StreamPurpose) => streamKey({ ...place, purpose });
const noiseOf = (place: Place, { model, shardSize }: RunConfig) => normalNoise(keyOf(place, 'noise'), shardSize * model.latent);

async function discriminatorShard(units: CompiledUnits, weights: NetworkWeights, place: Place, input: ShardInput): Promise<ShardResult> {
  const { generator, discriminator } = weights;
  const fake = await units.generatorForward.run({ generator, noise: noiseOf(place, input.config) });
  const onReal = await units.discriminatorReal.run({
    discriminator,
    images: input.images,
    dropoutSeed: keyOf(place, 'dropout-real'),
    regularizerSeed: keyOf(place, 'regularizer'),
  });
  const dropoutSeed = keyOf(place, 'dropout-fake');
  const onFake = await units.discriminatorFake.run({ discriminator, images: fake.images, dropoutSeed });
  return {
    leaf: input.add(onReal.gradient, onFake.gradient),
    loss: onReal.loss[0] + onFake.loss[0],
    penalty: onReal.penalty[0],
  };
}

async function generatorShard(units: CompiledUnits, weights: NetworkWeights, place: Place, { config }: ShardInput): Promise<ShardResult> {
  const { loss, contribution } = await units.generatorBackward.run({
    ...weights,
    noise: noiseOf(place, config),
    dropoutSeed: keyOf(place, 'dropout-generator'),
  });
  return { leaf: contribution, loss: loss[0], penalty: 0 };
}

/** The shard whose gradient is not finite; a sum of finite ones can only overflow. */
function blame(leaves: ReadonlyMap<number, Float32Array>, { isFinite }: VectorArithmetic): NotFiniteError {
  const found = [...leaves].find(([, leaf]) => !isFinite(leaf));
  return found === undefined
    ? new NotFiniteError(Math.min(...leaves.keys()), 'The sum of the gradients from that')
    : new NotFiniteError(found[0], 'The gradient');
}
