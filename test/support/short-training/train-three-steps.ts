/** Three steps of training on tfjs's current backend, in Node or in a browser. */
import {
  createInitialWeights,
  createLayouts,
  createNetworkState,
  createPhaseUnits,
  normalNoise,
  runUnit,
  streamKey,
  updateNetwork,
  type AdamOptions,
  type ModelConfig,
  type Network,
  type NetworkState,
  type StreamPurpose,
} from '@lstm-gan/core';
import { isExact, isPenaltyDue, readsPairs } from '@lstm-gan/core/step';

const shardSize = 4;
const adam: AdamOptions = { learningRate: 0.5, beta1: 0.5, beta2: 0.999, epsilon: 1 };

/** What three steps made of a model. */
export interface ShortTraining {
  /** Weights of both networks before the first step, and after the last. */
  readonly before: Float32Array;
  readonly after: Float32Array;
}

export async function trainThreeSteps(model: ModelConfig): Promise<ShortTraining> {
  const layouts = createLayouts(model);
  const units = createPhaseUnits(model, shardSize, { images: 'float32' });
  const start = (network: Network) => createNetworkState(createInitialWeights(model, network, 5));
  const states: Record<Network, NetworkState> = {
    generator: start('generator'),
    discriminator: start('discriminator'),
  };
  const bothNetworks = () => Float32Array.of(...states.generator.weights, ...states.discriminator.weights);
  const update = (network: Network, sum: Float32Array) => {
    states[network] = updateNetwork(layouts[network], states[network], sum, 1, adam).state;
  };
  const before = bothNetworks();
  const pixels = shardSize * model.image.size ** 2 * model.image.channels;
  for (let step = 1; step <= 3; step++) {
    const key = (purpose: StreamPurpose) => streamKey({ seed: 1, purpose, step });
    const labels = model.condition && { labels: Int32Array.of(0, 2, 1, 2) };
    const noise = normalNoise(key('noise'), shardSize * model.latent);
    const images = normalNoise(key('image-order'), pixels).map((value) => Math.tanh(value));
    const compared = {
      ...{
        realImages: images,
        realDropoutSeed: streamKey({ seed: 1, purpose: 'dropout-real', step, phase: 'generator' }),
      },
      ...(labels && { realLabels: labels.labels }),
    };
    const made = () =>
      runUnit(units.generatorBackward, {
        ...{ generator: states.generator.weights, discriminator: states.discriminator.weights },
        ...{ noise, dropoutSeed: key('dropout-generator'), ...labels, ...(readsPairs(model) && compared) },
      });
    const { images: fakeImages } = await made();
    const discriminator = states.discriminator.weights;
    const regularizerSeed = key('regularizer');
    const real = { discriminator, images, dropoutSeed: key('dropout-real'), regularizerSeed, ...labels };
    const fake = { discriminator, images: fakeImages, dropoutSeed: key('dropout-fake'), ...labels };
    const fakeLabels = labels && { fakeLabels: labels.labels };
    const both = { ...real, fakeImages, fakeDropoutSeed: fake.dropoutSeed, ...fakeLabels };
    const { discriminatorReal, discriminatorFake, discriminatorPairs, discriminatorPenalty } = units;
    const { regularizer } = model;
    const every = isExact(regularizer) ? regularizer.every : Infinity;
    const isDue = isPenaltyDue({ step, phase: 'discriminator', turn: 0 }, every, 1);
    const gradients = [
      discriminatorReal && (await runUnit(discriminatorReal, real)),
      isDue && discriminatorPenalty && (await runUnit(discriminatorPenalty, both)),
      discriminatorFake && (await runUnit(discriminatorFake, fake)),
      discriminatorPairs && (await runUnit(discriminatorPairs, both)),
    ].flatMap((outputs) => (outputs ? [outputs.gradient] : []));
    update('discriminator', gradients.reduce(sumOf));
    update('generator', (await made()).contribution);
  }
  return { before, after: bothNetworks() };
}

const sumOf = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]);
