/**
 * Compares units with golden values (computed in float64 by an independent program): outputs, losses, batch statistics,
 * gradients, exact R1 with its second-order gradient, inference mode, and weights after three steps of Adam.
 * docs/golden.md describes the file of golden values. The caller passes the function that runs a unit, so any engine
 * can be compared.
 */
import type { ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';
import { movingMeanSuffix, movingVarianceSuffix } from '../weights/state-names.ts';
import { createNetworkState, updateNetwork, type NetworkState } from '../optimizer/network-state.ts';
import { evaluateSum } from '../fold/sum-tree.ts';
import { entryView, type Layout, type Network } from '../weights/layout.ts';
import { decodeSafetensors } from '../weights/safetensors.ts';
import { createPhaseUnits, type PhaseUnits } from '../step/phase-units.ts';
import type { Unit, UnitArray } from '../step/unit.ts';
import { assert } from '../errors/assert.ts';
import { UserError } from '../errors/user-error.ts';
import {
  createComparison,
  gradientError,
  outputError,
  updateError,
  type ErrorMeasure,
  type GoldenResult,
} from './comparison.ts';
import { goldenModel } from './golden-model.ts';

/** Runs a unit on plain arrays: `runUnit`, or an engine's compiled unit. */
export type RunUnit = <I extends string, O extends string>(
  unit: Unit<I, O>,
  inputs: Readonly<Record<I, UnitArray>>,
) => Promise<Record<O, Float32Array>>;

const output = { measure: outputError, tolerance: 1e-4 };
const gradient = { measure: gradientError, tolerance: 1e-4 };
const adam = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
/**
 * A golden gradient of at most this share of its tensor's largest gradient (about eight ulps of the largest) is smaller
 * than the rounding noise of float32.
 */
const noiseFloor = 2 ** -20;
const noSeed = () => new Int32Array(2);

/** What the functions that make one comparison share. */
interface Subject {
  readonly run: RunUnit;
  readonly model: ModelConfig;
  readonly batch: number;
  readonly units: Required<PhaseUnits>;
  readonly layouts: Readonly<Record<Network, Layout>>;
  readonly golden: (name: string) => Float32Array;
  readonly check: (
    group: string,
    name: string,
    actual: ArrayLike<number>,
    how?: { measure: ErrorMeasure; tolerance: number },
  ) => void;
}

/**
 * Compares every golden tensor of a file with the result of `run`. Rejects with a UserError if the file is not a
 * complete file of golden values.
 */
export async function compareWithGolden(run: RunUnit, file: Uint8Array): Promise<GoldenResult[]> {
  const { metadata, tensors } = decodeSafetensors(file);
  const { model, batch } = goldenModel(metadata.get('config'));
  const golden = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.dtype === 'F32') return tensor.data;
    throw new UserError({
      code: 'not-golden',
      message: `The file has no float32 tensor ${name}.`,
      advice: 'Use a file in the golden format; docs/golden.md describes it.',
    });
  };
  const comparison = createComparison();
  const subject: Subject = {
    run,
    model,
    batch,
    // The golden models have a loss that judges each image by itself.
    units: createPhaseUnits(model, batch, { images: 'float32' }) as Required<PhaseUnits>,
    layouts: createLayouts(model),
    golden,
    check: (group, name, actual, how = output) =>
      comparison.compare(group, name, { actual, golden: golden(name) }, how),
  };
  await compareSteps(subject);
  await comparePenalty(subject);
  await compareInference(subject);
  return comparison.results();
}

/** The golden initial weights of a network. `state` gives moving averages; without it, means are 0 and variances 1. */
function initialWeights(
  { golden, layouts }: Subject,
  network: Network,
  state?: (name: string) => Float32Array,
): Float32Array {
  const layout = layouts[network];
  const weights = new Float32Array(layout.size);
  for (const entry of layout.entries) {
    const view = entryView(weights, entry);
    if (entry.role === 'trainable') view.set(golden(`${network}/${entry.name}`));
    else if (state !== undefined) view.set(state(entry.name));
    else view.fill(entry.name.endsWith(movingVarianceSuffix) ? 1 : 0);
  }
  return weights;
}

function checkGradient(
  { layouts, check }: Subject,
  network: Network,
  actual: Float32Array,
  prefix = 'step1/gradient',
): void {
  for (const entry of layouts[network].entries) {
    if (entry.role !== 'trainable') continue;
    const group = `${prefix.slice('step1/'.length)} ${network}`;
    check(group, `${prefix}/${network}/${entry.name}`, entryView(actual, entry), gradient);
  }
}

async function compareSteps(subject: Subject): Promise<void> {
  const { layouts, golden, check } = subject;
  let discriminator = createNetworkState(initialWeights(subject, 'discriminator'));
  let generator = createNetworkState(initialWeights(subject, 'generator'));
  for (let step = 1; step <= 3; step++) {
    const discriminated = await discriminatorPhase(subject, step, generator, discriminator);
    discriminator = updateNetwork(layouts.discriminator, discriminator, discriminated, 1, adam).state;
    const { loss, contribution } = await subject.run(subject.units.generatorBackward, {
      generator: generator.weights,
      discriminator: discriminator.weights,
      noise: golden(`step${step}/noiseGenerator`),
      dropoutSeed: noSeed(),
    });
    check('losses', `step${step}/lossGenerator`, loss);
    if (step === 1) checkGradient(subject, 'generator', contribution);
    generator = updateNetwork(layouts.generator, generator, contribution, 1, adam).state;
    holdSettled(subject, generator.weights);
  }
  for (const [network, state] of [
    ['generator', generator],
    ['discriminator', discriminator],
  ] as const) {
    for (const entry of layouts[network].entries) {
      if (entry.role !== 'trainable') continue;
      const measure = updateError(
        golden(`${network}/${entry.name}`),
        settledPlaces(subject, `${network}/${entry.name}`),
      );
      const how = { measure, tolerance: 2e-3 };
      check(`after three steps ${network}`, `after/${network}/${entry.name}`, entryView(state.weights, entry), how);
    }
  }
}

/**
 * The indices of a tensor at which the golden gradient of step 1 is rounding noise. Example: a bias before a batch
 * normalisation can have a gradient of 0 in float64 and of 1e-9 in float32. Adam divides a gradient by its own size, so
 * Adam moves this bias by a large part of the learning rate. After three steps the error has reached the second digit
 * of other weights. Therefore the generator's weights at these indices are held at their initial values. In both
 * networks, weights at these indices are not compared after the steps.
 */
function settledPlaces({ golden }: Subject, name: string): ReadonlySet<number> {
  const gradients = golden(`step1/gradient/${name}`);
  const floor = noiseFloor * gradients.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return new Set([...gradients.keys()].filter((i) => Math.abs(gradients[i]) <= floor));
}

/** Sets the generator's weights at the indices of `settledPlaces` back to their initial values, in `weights` itself. */
function holdSettled(subject: Subject, weights: Float32Array): void {
  for (const entry of subject.layouts.generator.entries) {
    if (entry.role !== 'trainable') continue;
    const start = subject.golden(`generator/${entry.name}`);
    for (const i of settledPlaces(subject, `generator/${entry.name}`)) weights[entry.offset + i] = start[i];
  }
}

async function discriminatorPhase(
  subject: Subject,
  step: number,
  generator: NetworkState,
  { weights }: NetworkState,
): Promise<Float32Array> {
  const { run, units, golden, check } = subject;
  const noise = golden(`step${step}/noiseDiscriminator`);
  const images = golden(`step${step}/images`);
  const seeds = { dropoutSeed: noSeed(), regularizerSeed: noSeed() };
  const fake = await run(units.generatorBackward, {
    generator: generator.weights,
    discriminator: weights,
    noise,
    dropoutSeed: noSeed(),
  });
  const onReal = await run(units.discriminatorReal, { discriminator: weights, images, ...seeds });
  const onFake = await run(units.discriminatorFake, {
    discriminator: weights,
    images: fake.images,
    dropoutSeed: noSeed(),
  });
  const total = onReal.gradient;
  evaluateSum([total, onFake.gradient], total);
  check('losses', `step${step}/lossDiscriminator`, [onReal.loss[0] + onFake.loss[0]]);
  if (step > 1) return total;
  check('outputs', 'step1/fake', fake.images);
  check('outputs', 'step1/logitsReal', onReal.logits);
  check('outputs', 'step1/logitsFake', onFake.logits);
  checkGradient(subject, 'discriminator', total);
  await compareStatistics(subject, generator.weights, noise);
  return total;
}

/** The generator's contribution holds batch statistics as moments: variance = mean of squares - mean^2. */
async function compareStatistics(
  { run, units, layouts, golden, check }: Subject,
  weights: Float32Array,
  noise: Float32Array,
) {
  const discriminator = new Float32Array(layouts.discriminator.size);
  const { contribution } = await run(units.generatorBackward, {
    generator: weights,
    discriminator,
    noise,
    dropoutSeed: noSeed(),
  });
  const views = new Map(layouts.generator.entries.map((entry) => [entry.name, entryView(contribution, entry)]));
  for (const [name, mean] of views) {
    if (!name.endsWith(movingMeanSuffix)) continue;
    const norm = name.slice(0, -movingMeanSuffix.length);
    const squares = views.get(norm + movingVarianceSuffix) as Float32Array;
    check('batch statistics', `step1/statistics/${norm}/batchMean`, mean);
    const goldenMean = golden(`step1/statistics/${norm}/batchMean`);
    // The variance is the mean of squares minus mean^2. Rounding errors of the variance are as large as those of the
    // mean of squares, so the error of the variance is measured relative to the mean of squares (variance + mean^2).
    const measure: ErrorMeasure = (actual, expected) => {
      const scaled = Array.from(expected, (value, i) => value + goldenMean[i] ** 2);
      return outputError(
        Array.from(actual, (value, i) => value + goldenMean[i] ** 2),
        scaled,
      );
    };
    check(
      'batch statistics',
      `step1/statistics/${norm}/batchVariance`,
      squares.map((value, i) => value - mean[i] ** 2),
      { measure, tolerance: 1e-4 },
    );
  }
}

/** Compares the value and the gradient of exact R1. */
async function comparePenalty(subject: Subject): Promise<void> {
  const { run, model, batch, golden, check } = subject;
  const regularizer = { kind: 'r1', gamma: 1, every: 1 } as const;
  const { discriminatorPenalty } = createPhaseUnits({ ...model, regularizer }, batch, { images: 'float32' });
  assert(discriminatorPenalty !== undefined, 'exact R1 has a unit of its own');
  const { penalty, gradient } = await run(discriminatorPenalty, {
    discriminator: initialWeights(subject, 'discriminator'),
    images: golden('step1/images'),
    fakeImages: golden('step1/fake'),
    dropoutSeed: noSeed(),
    fakeDropoutSeed: noSeed(),
    regularizerSeed: noSeed(),
  });
  check('exact R1', 'step1/r1', penalty);
  checkGradient(subject, 'discriminator', gradient, 'step1/gradientR1');
}

async function compareInference(subject: Subject): Promise<void> {
  const moving = (name: string) =>
    subject.golden(
      `inference/moving/${name.replace(movingMeanSuffix, '/mean').replace(movingVarianceSuffix, '/variance')}`,
    );
  const { images } = await subject.run(subject.units.generatorSample, {
    generator: initialWeights(subject, 'generator', moving),
    noise: subject.golden('step1/noiseDiscriminator'),
  });
  subject.check('inference', 'inference/images', images);
}
