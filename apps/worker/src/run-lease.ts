/**
 * What a worker computes: the units of a phase for each shard of a lease, and the sum of each subtree. A pure function of
 * weights, images and (seed, step, phase, turn, shard), so it does not matter who computes a shard, or how often.
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

/** Finishes a shard that was started, with the weights of both networks, and its real images where the phase reads any. */
export type FinishShard = (weights: NetworkWeights, images: Uint8Array) => Promise<ShardResult>;

/** A shard of a phase; decides its noise, masks and images. */
export interface ShardPlace {
  readonly step: number;
  readonly phase: Network;
  readonly turn: number;
  readonly shard: number;
}

export interface LeaseTools {
  readonly units: CompiledUnits;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
}

/**
 * Runs the units of a phase that need one network alone: the discriminator on the real images, or the generator's
 * forward pass. The other network's update may still be on its way.
 * @param network which one; in the generator phase always the generator
 * @param weights of that network
 * @param images uint8 [shardSize, H, W, C]; read by the discriminator only
 */
export async function startShard(tools: LeaseTools, network: Network, weights: Float32Array, place: ShardPlace, images: Uint8Array): Promise<FinishShard> {
  if (place.phase === 'generator') return startGeneratorShard(tools, weights, place);
  return network === 'discriminator' ? startOnReal(tools, weights, place, images) : startOnFake(tools, weights, place);
}

/**
 * Computes a lease.
 * @param started gives what was started ahead with the same weights, if it was
 */
export async function runLease(
  tools: LeaseTools,
  weights: NetworkWeights,
  work: Pick<Work, 'step' | 'phase' | 'turn' | 'subtrees' | 'images'>,
  started: (shard: number) => FinishShard | undefined = () => undefined,
): Promise<LeaseResult> {
  const { step, phase, turn } = work;
  const leaves = new Map<number, Float32Array>();
  const losses: ShardLosses[] = [];
  for (const { shard, images } of shardsOf(work, tools.config)) {
    const finish = started(shard) ?? (await startShard(tools, phase, weights[phase], { step, phase, turn, shard }, images));
    const { leaf, loss, penalty } = await finish(weights, images);
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

/** The discriminator phase, with the discriminator there first. */
async function startOnReal(tools: LeaseTools, own: Float32Array, place: ShardPlace, images: Uint8Array): Promise<FinishShard> {
  const onReal = await judgeReal(tools, own, place, images);
  return async ({ generator, discriminator }) => {
    const fake = await makeFake(tools, generator, place);
    return joinHalves(tools, onReal, discriminator, fake, place);
  };
}

/** The discriminator phase, with the generator there first: the same units in another order, so the same bits. */
async function startOnFake(tools: LeaseTools, generator: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const fake = await makeFake(tools, generator, place);
  return async ({ discriminator }, images) => joinHalves(tools, await judgeReal(tools, discriminator, place, images), discriminator, fake, place);
}

function judgeReal({ units, config }: LeaseTools, discriminator: Float32Array, place: ShardPlace, images: Uint8Array) {
  const { keyOf } = streamsOf(config, place);
  return units.discriminatorReal.run({ discriminator, images, dropoutSeed: keyOf('dropout-real'), regularizerSeed: keyOf('regularizer') });
}

async function makeFake({ units, config }: LeaseTools, generator: Float32Array, place: ShardPlace): Promise<Float32Array> {
  return (await units.generatorForward.run({ generator, noise: streamsOf(config, place).noise() })).images;
}

type OnReal = Awaited<ReturnType<typeof judgeReal>>;

async function joinHalves({ units, config, arithmetic }: LeaseTools, onReal: OnReal, discriminator: Float32Array, fake: Float32Array, place: ShardPlace): Promise<ShardResult> {
  const onFake = await units.discriminatorFake.run({ discriminator, images: fake, dropoutSeed: streamsOf(config, place).keyOf('dropout-fake') });
  arithmetic.accumulate(onReal.gradient, onFake.gradient);
  arithmetic.release(onFake.gradient);
  arithmetic.release(fake);
  return { leaf: onReal.gradient, loss: onReal.loss[0] + onFake.loss[0], penalty: onReal.penalty[0] };
}

async function startGeneratorShard({ units, config }: LeaseTools, own: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const { keyOf, noise } = streamsOf(config, place);
  const finish = await units.generatorBackward.begin({ generator: own, noise: noise() });
  return async ({ discriminator }) => {
    const { loss, contribution } = await finish({ discriminator, dropoutSeed: keyOf('dropout-generator') });
    return { leaf: contribution, loss: loss[0], penalty: 0 };
  };
}
