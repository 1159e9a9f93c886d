/**
 * Runs the units of one shard. The result of a shard is a pure function of weights, images and (seed, step, phase,
 * turn, shard), so it does not matter which worker computes the shard, or how often.
 *
 * A shard is computed in two parts. `startShard` runs the units that need the weights of one network only, so a worker
 * can start a shard while the other network's new weights are still on their way. The `FinishShard` that it resolves to
 * runs the rest, with the weights of both networks.
 */
import type { RunConfig } from '../config/run-config-schema.ts';
import { assert } from '../errors/assert.ts';
import { readsPairs } from '../loss/adversarial-loss.ts';
import { isExact } from '../loss/gradient-penalty.ts';
import type { VectorArithmetic } from '../optimizer/vector-arithmetic.ts';
import { streamKey, type StreamPurpose } from '../random/stream-key.ts';
import { isPenaltyDue, lastDiscriminatorPlace, placeOfReals, type ShardPlace } from '../step/place.ts';
import type { Network } from '../weights/layout.ts';
import type { CompiledUnits } from './compile-units.ts';
import { drawFakeLabels } from './draw-fake-labels.ts';
import type { GeneratorPass, GeneratorPasses } from './generator-passes.ts';
import type { ShardNoise } from './shard-noise.ts';

/** The real images of some shards, and their labels. Each belongs to a shard of a discriminator phase. */
export interface RealImages {
  /** Returns the images of one shard, [shardSize, H, W, C]. Throws if there are none for this place. */
  of(place: ShardPlace): Uint8Array | Float32Array;
  /** The same for the labels of the images, int32 [shardSize]. Empty if the images have none. */
  labelsOf(place: ShardPlace): Int32Array;
}

/** The weights of both networks. */
export type NetworkWeights = Readonly<Record<Network, Float32Array>>;

/** What a shard gives. */
export interface ShardResult {
  /** The shard's gradient (and changes of state), added to the sums that were given as `onto`. */
  readonly sum: Float32Array;
  /** The mean loss of the shard's images, without the penalty. */
  readonly loss: number;
  /** The regularizer's part of the loss; 0 without a regularizer. */
  readonly penalty: number;
}

/**
 * Runs the rest of a started shard.
 * @param images a generator phase reads them only if the loss compares real images with fake ones
 * @param onto sums of earlier shards that become complete with this shard. The shard's gradient is added to these sums,
 *   as an `Accumulation` asks
 */
export type FinishShard = (
  weights: NetworkWeights,
  images: RealImages,
  onto: readonly Float32Array[],
) => Promise<ShardResult>;

/** What a shard is computed with. */
export interface ShardTools {
  readonly units: CompiledUnits;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  readonly generatorPasses: GeneratorPasses;
  readonly noise: ShardNoise;
}

/**
 * Runs the units of a shard that need one network only.
 * @param network the network whose `weights` are given. A generator phase always starts with the generator. A
 *   discriminator phase can start with either network: the order of its units differs, but not the bits of the result.
 * @param weights the weights of `network`
 * @param images read only if a discriminator phase starts with the discriminator
 */
export async function startShard(
  tools: ShardTools,
  network: Network,
  weights: Float32Array,
  place: ShardPlace,
  images: RealImages,
): Promise<FinishShard> {
  if (place.phase === 'generator') return startGeneratorPhase(tools, weights, place);
  return network === 'discriminator'
    ? startWithDiscriminator(tools, weights, place, images)
    : startWithGenerator(tools, weights, place);
}

async function startWithDiscriminator(
  tools: ShardTools,
  weights: Float32Array,
  place: ShardPlace,
  images: RealImages,
): Promise<FinishShard> {
  const judgeFake = await judgeReal(tools, weights, place, images);
  return async ({ generator, discriminator }, sameImages, onto) => {
    const fakeImages = await makeFakeImages(tools, generator, place);
    const penalty = await runPenalty(tools, discriminator, place, sameImages, fakeImages);
    return finishDiscriminatorPhase(tools, judgeFake, fakeImages, penalty, onto);
  };
}

async function startWithGenerator(tools: ShardTools, weights: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const fakeImages = await makeFakeImages(tools, weights, place);
  return async ({ discriminator }, images, onto) => {
    const judgeFake = await judgeReal(tools, discriminator, place, images);
    const penalty = await runPenalty(tools, discriminator, place, images, fakeImages);
    return finishDiscriminatorPhase(tools, judgeFake, fakeImages, penalty, onto);
  };
}

/** Starts a generator phase. Uses the generator pass that the discriminator phase kept, or makes the pass. */
async function startGeneratorPhase(tools: ShardTools, weights: Float32Array, place: ShardPlace): Promise<FinishShard> {
  const { generatorPasses, config } = tools;
  const kept = generatorPasses.take(place.step, place.shard, weights);
  const pass = kept ?? (await passGenerator(tools, weights, place));
  return async ({ discriminator }, images, onto) => {
    const dropoutSeed = keysOf(config, place)('dropout-generator');
    const reals = realsOfGeneratorPhase(config, images, place);
    const inputs = { discriminator, dropoutSeed, ...reals };
    const { loss, contribution } = await pass.finish(inputs, { output: 'contribution', onto });
    assert(loss !== undefined && contribution !== undefined, 'a finished pass gives its loss and contribution');
    return { sum: contribution, loss: loss[0], penalty: 0 };
  };
}

/** What a generator phase reads of real images: nothing, unless the loss compares them with fake ones. */
function realsOfGeneratorPhase(config: RunConfig, images: RealImages, place: ShardPlace) {
  if (!readsPairs(config.model)) return undefined;
  const { shard } = place;
  const placeOfThem = { ...placeOfReals(place, config.discriminatorSteps), shard };
  const realLabels = realLabelsOf(config, images, placeOfThem);
  return {
    realImages: images.of(placeOfThem),
    realDropoutSeed: keysOf(config, place)('dropout-real'),
    ...(realLabels && { realLabels }),
  };
}

/**
 * Judges a shard's fake images, after its real ones.
 * @param exact the gradient of the exact penalty, if it is due: added to the gradient of the loss
 * @param onto sums of earlier shards, as in `FinishShard`
 */
type JudgeFake = (
  fakeImages: Float32Array,
  exact: readonly Float32Array[],
  onto: readonly Float32Array[],
) => Promise<ShardResult>;

/**
 * Runs what needs the discriminator and real images only: nothing, if the loss compares real with fake images. The
 * function that it resolves to needs fake images, too.
 */
async function judgeReal(
  { units, config, arithmetic }: ShardTools,
  discriminator: Float32Array,
  place: ShardPlace,
  images: RealImages,
): Promise<JudgeFake> {
  const keyOf = keysOf(config, place);
  const [labels, fakeLabels] = [realLabelsOf(config, images, place), fakeLabelsOf(config, place)];
  const onReal = {
    discriminator,
    images: images.of(place),
    dropoutSeed: keyOf('dropout-real'),
    regularizerSeed: keyOf('regularizer'),
    ...(labels && { labels }),
  };
  const { discriminatorPairs, discriminatorReal, discriminatorFake } = units;
  if (discriminatorPairs !== undefined) {
    // The unit reads real and fake images together, so nothing can run before there are fake ones.
    return async (fakeImages, exact, onto) => {
      const onFake = { fakeImages, fakeDropoutSeed: keyOf('dropout-fake'), ...(fakeLabels && { fakeLabels }) };
      const { gradient, loss, penalty } = await discriminatorPairs.run(
        { ...onReal, ...onFake },
        { output: 'gradient', onto: [...onto, ...exact] },
      );
      return { sum: gradient, loss: loss[0], penalty: penalty[0] };
    };
  }
  assert(discriminatorReal !== undefined && discriminatorFake !== undefined, 'a loss without pairs has two units');
  const real = await discriminatorReal.run(onReal);
  return async (fakeImages, exact, onto) => {
    const fake = await discriminatorFake.run(
      {
        discriminator,
        images: fakeImages,
        dropoutSeed: keyOf('dropout-fake'),
        ...(fakeLabels && { labels: fakeLabels }),
      },
      { output: 'gradient', onto: [...onto, real.gradient, ...exact] },
    );
    arithmetic.release(real.gradient);
    return { sum: fake.gradient, loss: real.loss[0] + fake.loss[0], penalty: real.penalty[0] };
  };
}

/** Runs the unit of the exact penalty. Undefined if there is none, or if it is not due in this phase. */
async function runPenalty(
  { units, config }: ShardTools,
  discriminator: Float32Array,
  place: ShardPlace,
  images: RealImages,
  fakeImages: Float32Array,
): Promise<Penalty | undefined> {
  const { model, discriminatorSteps } = config;
  const { step, turn } = place;
  if (units.discriminatorPenalty === undefined || !isExact(model.regularizer)) return undefined;
  if (!isPenaltyDue({ step, phase: 'discriminator', turn }, model.regularizer.every, discriminatorSteps))
    return undefined;
  const keyOf = keysOf(config, place);
  const [labels, fakeLabels] = [realLabelsOf(config, images, place), fakeLabelsOf(config, place)];
  return units.discriminatorPenalty.run({
    discriminator,
    images: images.of(place),
    fakeImages,
    dropoutSeed: keyOf('dropout-real'),
    fakeDropoutSeed: keyOf('dropout-fake'),
    regularizerSeed: keyOf('regularizer'),
    ...(labels && { labels }),
    ...(fakeLabels && { fakeLabels }),
  });
}

/**
 * Makes a discriminator phase's fake images. Keeps the generator pass if the generator phase of this step continues it.
 */
async function makeFakeImages(tools: ShardTools, generator: Float32Array, place: ShardPlace): Promise<Float32Array> {
  const { sharedNoise, discriminatorSteps } = tools.config;
  const pass = await passGenerator(tools, generator, place);
  const { images } = pass.outputs;
  assert(images !== undefined, 'a generator pass gives images');
  if (sharedNoise && place.turn === discriminatorSteps - 1)
    tools.generatorPasses.keep(place.step, place.shard, generator, pass);
  else pass.discard();
  return images;
}

/** What the unit of the exact penalty gives. */
type Penalty = { readonly penalty: Float32Array; readonly gradient: Float32Array };

/** Judges the fake images, and adds the exact penalty if it is due in this phase. */
async function finishDiscriminatorPhase(
  { arithmetic }: ShardTools,
  judgeFake: JudgeFake,
  fakeImages: Float32Array,
  exact: Penalty | undefined,
  onto: readonly Float32Array[],
): Promise<ShardResult> {
  const gradients = exact === undefined ? [] : [exact.gradient];
  const judged = await judgeFake(fakeImages, gradients, onto);
  for (const array of [fakeImages, ...gradients]) arithmetic.release(array);
  return { ...judged, penalty: judged.penalty + (exact?.penalty[0] ?? 0) };
}

/** Runs the generator's forward pass of a shard. */
function passGenerator(
  { units, config, noise }: ShardTools,
  generator: Float32Array,
  place: ShardPlace,
): Promise<GeneratorPass> {
  const labels = fakeLabelsOf(config, place);
  return units.generatorBackward.begin({
    generator,
    noise: noise.of(placeOfNoise(config, place)),
    ...(labels && { labels }),
  });
}

/** The labels of a shard's real images. Undefined if the model is not conditional. */
function realLabelsOf({ model }: RunConfig, images: RealImages, place: ShardPlace): Int32Array | undefined {
  return model.condition && images.labelsOf(place);
}

/** The labels of a shard's fake images. Undefined if the model is not conditional. */
function fakeLabelsOf(config: RunConfig, place: ShardPlace): Int32Array | undefined {
  return drawFakeLabels(config, placeOfNoise(config, place));
}

/** With shared noise, the generator phase uses the noise of the step's last discriminator phase. */
function placeOfNoise({ sharedNoise, discriminatorSteps }: RunConfig, place: ShardPlace): ShardPlace {
  if (!sharedNoise || place.phase === 'discriminator') return place;
  return { ...lastDiscriminatorPlace(place.step, discriminatorSteps), shard: place.shard };
}

function keysOf({ seed }: RunConfig, place: ShardPlace): (purpose: StreamPurpose) => Int32Array {
  return (purpose) => streamKey({ seed, ...place, purpose });
}
