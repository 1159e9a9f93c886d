/**
 * What a worker computes: the units of a phase for each shard of a lease, and the sum of each subtree. A pure function of
 * weights, images and (seed, step, phase, turn, shard), so it does not matter who computes a shard, or how often.
 */
import { assert, createFold, leavesOf, streamKey, type Network, type ShardRange, type StreamPurpose, type SumTree, type VectorArithmetic } from '@lstm-gan/core';
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
  /** What the shard adds to the sum. */
  readonly leaf: SumTree;
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
  const leaves = new Map<number, SumTree>();
  const losses: ShardLosses[] = [];
  for (const { shard, images } of shardsOf(work, tools.config)) {
    const finish = started(shard) ?? (await startShard(tools, phase, weights[phase], { step, phase, turn, shard }, images));
    const { leaf, loss, penalty } = await finish(weights, images);
    if (!Number.isFinite(loss + penalty)) throw new NotFiniteError(shard, 'The loss');
    leaves.set(shard, leaf);
    losses.push({ shard, loss, penalty });
  }
  return { sums: work.subtrees.map((range) => sumOf(range, leaves, tools.arithmetic)), losses };
}

/** Adds up a subtree, in memory that can be sent, and uses its leaves up. */
function sumOf(range: ShardRange, leaves: ReadonlyMap<number, SumTree>, arithmetic: VectorArithmetic): Float32Array {
  // Kept to the end: should the sum not be finite, they tell whose fault it is.
  const spent: (Float32Array | Uint8Array)[] = [];
  const fold = createFold(range, { ...arithmetic, release: (vector) => void spent.push(vector) });
  for (let shard = range.start; shard < range.end; shard++) {
    const leaf = leaves.get(shard);
    assert(leaf !== undefined, 'every shard of a subtree was computed');
    fold.add({ start: shard, end: shard + 1 }, leaf);
  }
  const tree = fold.total();
  assert(tree !== undefined, 'every shard is in the sum');
  spent.push(...leavesOf(tree));
  const sum = arithmetic.addUpOutgoing(tree);
  if (sum === undefined) throw whoseFault(range, leaves, arithmetic);
  for (const vector of spent) if (vector !== sum) arithmetic.release(vector);
  return sum;
}

/** A sum never becomes finite again, so it is enough to look at the leaves when it is not. */
function whoseFault(range: ShardRange, leaves: ReadonlyMap<number, SumTree>, arithmetic: VectorArithmetic): NotFiniteError {
  const found = [...leaves].find(([shard, leaf]) => shard >= range.start && shard < range.end && !leavesOf(leaf).every(arithmetic.isFinite));
  return found === undefined ? new NotFiniteError(range.start, 'The sum of the gradients from that') : new NotFiniteError(found[0], 'The gradient');
}

/** The shards of some subtrees, with their images. */
export function shardsOf({ subtrees, images }: Pick<Work, 'subtrees' | 'images'>, { model, shardSize }: RunConfig): { shard: number; images: Uint8Array }[] {
  const { size, channels } = model.image;
  const shardBytes = shardSize * size * size * channels;
  const shards = subtrees.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  return shards.map((shard, index) => ({ shard, images: images.subarray(index * shardBytes, (index + 1) * shardBytes) }));
}

function keysOf({ seed }: RunConfig, place: ShardPlace): (purpose: StreamPurpose) => Int32Array {
  return (purpose) => streamKey({ seed, ...place, purpose });
}

/** The place whose noise a phase takes: with shared noise, the generator phase takes that of the last discriminator phase. */
function noisePlace({ sharedNoise, discriminatorSteps }: RunConfig, place: ShardPlace): ShardPlace {
  return sharedNoise && place.phase === 'generator' ? { ...place, phase: 'discriminator', turn: discriminatorSteps - 1 } : place;
}

/** The generator's forward pass of a shard. */
function passGenerator({ units, config, noise }: LeaseTools, generator: Float32Array, place: ShardPlace): Promise<GeneratorPass> {
  return units.generatorBackward.begin({ generator, noise: noise.of(noisePlace(config, place)) });
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
  const keyOf = keysOf(config, place);
  return units.discriminatorReal.run({ discriminator, images, dropoutSeed: keyOf('dropout-real'), regularizerSeed: keyOf('regularizer') });
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

async function joinHalves({ units, config, arithmetic }: LeaseTools, onReal: OnReal, discriminator: Float32Array, fake: Float32Array, place: ShardPlace): Promise<ShardResult> {
  const onFake = await units.discriminatorFake.run({ discriminator, images: fake, dropoutSeed: keysOf(config, place)('dropout-fake') });
  arithmetic.release(fake);
  return { leaf: [onReal.gradient, onFake.gradient], loss: onReal.loss[0] + onFake.loss[0], penalty: onReal.penalty[0] };
}

async function startGeneratorShard(tools: LeaseTools, own: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const { carried, config } = tools;
  const pass = carried.take(place.step, place.shard, own) ?? (await passGenerator(tools, own, place));
  return async ({ discriminator }) => {
    const { loss, contribution } = await pass.finish({ discriminator, dropoutSeed: keysOf(config, place)('dropout-generator') });
    assert(loss !== undefined && contribution !== undefined, 'a finished pass gives its loss and contribution');
    return { leaf: contribution, loss: loss[0], penalty: 0 };
  };
}
