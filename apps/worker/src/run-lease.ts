/**
 * What a worker computes: the units of a phase for each shard of a lease, and the sum of each subtree, to which every shard's
 * last unit adds what it gives. A pure function of weights, images and (seed, step, phase, turn, shard), so it does not matter
 * who computes a shard, or how often.
 */
import {
  accumulateShards,
  assert,
  lastDiscriminatorPlace,
  roundToBfloat16,
  streamKey,
  type Network,
  type ShardPlace,
  type StreamPurpose,
  type VectorArithmetic,
} from '@lstm-gan/core';
import { NotFiniteSumError } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';
import type { ShardLosses, Work } from '@lstm-gan/transport';
import type { CarriedPasses, GeneratorPass } from './carried-passes.ts';
import type { CompiledUnits } from './compile-units.ts';
import type { Noise } from './noise.ts';

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
  /** What the shard adds to the sum, and what it was added to. */
  readonly sum: Float32Array;
  readonly loss: number;
  readonly penalty: number;
}

/**
 * Finishes a shard that was started, with the weights of both networks, and its real images where the phase reads any.
 * @param onto sums of shards before it, which it completes: as in an `Accumulation`
 */
export type FinishShard = (
  weights: NetworkWeights,
  images: Uint8Array,
  onto: readonly Float32Array[],
) => Promise<ShardResult>;

export interface LeaseTools {
  readonly units: CompiledUnits;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  readonly carried: CarriedPasses;
  readonly noise: Noise;
}

/**
 * Runs the units of a phase that need one network alone: the discriminator on the real images, or the generator's
 * forward pass. The other network's update may still be on its way.
 * @param network which one; in the generator phase always the generator
 * @param weights of that network
 * @param images uint8 [shardSize, H, W, C]; read by the discriminator only
 */
export async function startShard(
  tools: LeaseTools,
  network: Network,
  weights: Float32Array,
  place: ShardPlace,
  images: Uint8Array,
): Promise<FinishShard> {
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
  const { arithmetic } = tools;
  const losses: ShardLosses[] = [];
  const images = new Map(shardsOf(work, tools.config).map((entry) => [entry.shard, entry.images]));
  const compute = async (shard: number, onto: readonly Float32Array[]): Promise<Float32Array> => {
    const pixels = images.get(shard);
    assert(pixels !== undefined, 'the work has the images of its shards');
    const finish =
      started(shard) ?? (await startShard(tools, phase, weights[phase], { step, phase, turn, shard }, pixels));
    const { sum, loss, penalty } = await finish(weights, pixels, onto).catch((error: unknown) => {
      throw error instanceof NotFiniteSumError
        ? new NotFiniteError(shard, onto.length === 0 ? 'The gradient' : 'The gradient (or the sum with it)')
        : error;
    });
    if (!Number.isFinite(loss + penalty)) throw new NotFiniteError(shard, 'The loss');
    losses.push({ shard, loss, penalty });
    return sum;
  };
  const sums: Float32Array[] = [];
  for (const range of work.subtrees) {
    const sum = arithmetic.toOutgoing(await accumulateShards(range, compute, arithmetic.release));
    if (tools.config.wire === 'bfloat16') roundToBfloat16(sum);
    sums.push(sum);
  }
  return { sums, losses };
}

interface ShardImages {
  readonly shard: number;
  readonly images: Uint8Array;
}

/** The shards of some subtrees, with their images. */
export function shardsOf(
  { subtrees, images }: Pick<Work, 'subtrees' | 'images'>,
  { model, shardSize }: RunConfig,
): ShardImages[] {
  const { size, channels } = model.image;
  const shardBytes = shardSize * size * size * channels;
  const shards = subtrees.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  return shards.map((shard, index) => ({
    shard,
    images: images.subarray(index * shardBytes, (index + 1) * shardBytes),
  }));
}

function keysOf({ seed }: RunConfig, place: ShardPlace): (purpose: StreamPurpose) => Int32Array {
  return (purpose) => streamKey({ seed, ...place, purpose });
}

/** The place whose noise a phase takes: with shared noise, the generator phase takes that of the last discriminator phase. */
function noisePlace({ sharedNoise, discriminatorSteps }: RunConfig, place: ShardPlace): ShardPlace {
  if (!sharedNoise || place.phase === 'discriminator') return place;
  return { ...lastDiscriminatorPlace(place.step, discriminatorSteps), shard: place.shard };
}

/** The generator's forward pass of a shard. */
function passGenerator(
  { units, config, noise }: LeaseTools,
  generator: Float32Array,
  place: ShardPlace,
): Promise<GeneratorPass> {
  return units.generatorBackward.begin({ generator, noise: noise.of(noisePlace(config, place)) });
}

/** The discriminator phase, with the discriminator there first. */
async function startOnReal(
  tools: LeaseTools,
  own: Float32Array,
  place: ShardPlace,
  images: Uint8Array,
): Promise<FinishShard> {
  const onReal = await judgeReal(tools, own, place, images);
  return async ({ generator, discriminator }, _images, onto) => {
    const fake = await makeFake(tools, generator, place);
    return joinHalves(tools, onReal, discriminator, fake, place, onto);
  };
}

/** The discriminator phase, with the generator there first: the same units in another order, so the same bits. */
async function startOnFake(tools: LeaseTools, generator: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const fake = await makeFake(tools, generator, place);
  return async ({ discriminator }, images, onto) =>
    joinHalves(tools, await judgeReal(tools, discriminator, place, images), discriminator, fake, place, onto);
}

function judgeReal({ units, config }: LeaseTools, discriminator: Float32Array, place: ShardPlace, images: Uint8Array) {
  const keyOf = keysOf(config, place);
  return units.discriminatorReal.run({
    discriminator,
    images,
    dropoutSeed: keyOf('dropout-real'),
    regularizerSeed: keyOf('regularizer'),
  });
}

async function makeFake(tools: LeaseTools, generator: Float32Array, place: ShardPlace): Promise<Float32Array> {
  const { sharedNoise, discriminatorSteps } = tools.config;
  const pass = await passGenerator(tools, generator, place);
  const { images } = pass.outputs;
  assert(images !== undefined, 'a generator pass gives images');
  if (sharedNoise && place.turn === discriminatorSteps - 1) tools.carried.put(place.step, place.shard, generator, pass);
  else pass.discard();
  return images;
}

type OnReal = Awaited<ReturnType<typeof judgeReal>>;

async function joinHalves(
  { units, config, arithmetic }: LeaseTools,
  onReal: OnReal,
  discriminator: Float32Array,
  fake: Float32Array,
  place: ShardPlace,
  onto: readonly Float32Array[],
): Promise<ShardResult> {
  const dropoutSeed = keysOf(config, place)('dropout-fake');
  const onFake = await units.discriminatorFake.run(
    { discriminator, images: fake, dropoutSeed },
    { output: 'gradient', onto: [...onto, onReal.gradient] },
  );
  arithmetic.release(fake);
  arithmetic.release(onReal.gradient);
  return { sum: onFake.gradient, loss: onReal.loss[0] + onFake.loss[0], penalty: onReal.penalty[0] };
}

async function startGeneratorShard(tools: LeaseTools, own: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const { carried, config } = tools;
  const pass = carried.take(place.step, place.shard, own) ?? (await passGenerator(tools, own, place));
  return async ({ discriminator }, _images, onto) => {
    const dropoutSeed = keysOf(config, place)('dropout-generator');
    const { loss, contribution } = await pass.finish({ discriminator, dropoutSeed }, { output: 'contribution', onto });
    assert(loss !== undefined && contribution !== undefined, 'a finished pass gives its loss and contribution');
    return { sum: contribution, loss: loss[0], penalty: 0 };
  };
}
