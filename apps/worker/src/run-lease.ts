/**
 * What a worker computes: the units of a phase for each shard of a lease, and the sum of each subtree. A pure function of
 * weights, images and (seed, step, phase, shard), so it does not matter who computes a shard, or how often.
 */
import { assert, foldRange, normalNoise, streamKey, type Network, type StreamPurpose, type VectorArithmetic } from '@lstm-gan/core';
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

/** Finishes a shard that was started, with the weights of both networks. */
export type FinishShard = (weights: NetworkWeights) => Promise<ShardResult>;

/** A shard of a phase; decides its noise, masks and images. */
export interface ShardPlace {
  readonly step: number;
  readonly phase: Network;
  readonly shard: number;
}

export interface LeaseTools {
  readonly units: CompiledUnits;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
}

/**
 * Runs the units of a phase that need the phase's own network alone: on the real images, or the generator's forward
 * pass. The other network's update may still be on its way.
 * @param weights of the phase's network
 * @param images uint8 [shardSize, H, W, C]; not read in the generator phase
 */
export async function startShard(tools: LeaseTools, weights: Float32Array, place: ShardPlace, images: Uint8Array): Promise<FinishShard> {
  return place.phase === 'discriminator'
    ? startDiscriminatorShard(tools, weights, place, images)
    : startGeneratorShard(tools, weights, place);
}

/**
 * Computes a lease.
 * @param started gives what was started ahead with the same weights, if it was
 */
export async function runLease(
  tools: LeaseTools,
  weights: NetworkWeights,
  work: Pick<Work, 'step' | 'phase' | 'subtrees' | 'images'>,
  started: (shard: number) => FinishShard | undefined = () => undefined,
): Promise<LeaseResult> {
  const { step, phase } = work;
  const leaves = new Map<number, Float32Array>();
  const losses: ShardLosses[] = [];
  for (const { shard, images } of shardsOf(work, tools.config)) {
    const finish = started(shard) ?? (await startShard(tools, weights[phase], { step, phase, shard }, images));
    const { leaf, loss, penalty } = await finish(weights);
    if (!Number.isFinite(loss + penalty)) throw new NotFiniteError(shard, 'The loss');
    if (!tools.arithmetic.isFinite(leaf)) throw new NotFiniteError(shard, 'The gradient');
    leaves.set(shard, leaf);
    losses.push({ shard, loss, penalty });
  }
  const sums = work.subtrees.map((range) => {
    const sum = foldRange(range, ({ start, end }) => (end - start === 1 ? leaves.get(start) : undefined), tools.arithmetic);
    assert(sum !== undefined, 'every shard of a subtree was computed');
    return sum;
  });
  return { sums, losses };
}

/** The shards of some subtrees, with their images. */
export function shardsOf({ subtrees, images }: Pick<Work, 'subtrees' | 'images'>, { model, shardSize }: RunConfig): { shard: number; images: Uint8Array }[] {
  const { size, channels } = model.image;
  const shardBytes = shardSize * size * size * channels;
  const shards = subtrees.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  return shards.map((shard, index) => ({ shard, images: images.subarray(index * shardBytes, (index + 1) * shardBytes) }));
}

function streamsOf({ seed, model, shardSize }: RunConfig, place: ShardPlace) {
  const keyOf = (purpose: StreamPurpose): Int32Array => streamKey({ seed, ...place, purpose });
  return { keyOf, noise: (): Float32Array => normalNoise(keyOf('noise'), shardSize * model.latent) };
}

async function startDiscriminatorShard({ units, config, arithmetic }: LeaseTools, own: Float32Array, place: ShardPlace, images: Uint8Array): Promise<FinishShard> {
  const { keyOf, noise } = streamsOf(config, place);
  const onReal = await units.discriminatorReal.run({
    discriminator: own,
    images,
    dropoutSeed: keyOf('dropout-real'),
    regularizerSeed: keyOf('regularizer'),
  });
  return async ({ generator, discriminator }) => {
    const fake = await units.generatorForward.run({ generator, noise: noise() });
    const onFake = await units.discriminatorFake.run({ discriminator, images: fake.images, dropoutSeed: keyOf('dropout-fake') });
    arithmetic.accumulate(onReal.gradient, onFake.gradient);
    arithmetic.release(onFake.gradient);
    arithmetic.release(fake.images);
    return {
      leaf: onReal.gradient,
      loss: onReal.loss[0] + onFake.loss[0],
      penalty: onReal.penalty[0],
    };
  };
}

async function startGeneratorShard({ units, config }: LeaseTools, own: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const { keyOf, noise } = streamsOf(config, place);
  const finish = await units.generatorBackward.begin({ generator: own, noise: noise() });
  return async ({ discriminator }) => {
    const { loss, contribution } = await finish({ discriminator, dropoutSeed: keyOf('dropout-generator') });
    return { leaf: contribution, loss: loss[0], penalty: 0 };
  };
}
