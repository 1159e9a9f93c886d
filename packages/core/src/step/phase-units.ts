import { add, mul, reshape, square, sub, tensor1d, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { adversarialLoss } from '../loss/adversarial-loss.ts';
import { augment } from '../loss/augment.ts';
import { approximatePenalty, exactPenalty, isExact, type ExactRegularizer } from '../loss/gradient-penalty.ts';
import { describeNetwork, isCustom } from '../model/custom-networks.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { applyNetwork, createLayouts, networkLayers } from '../model/network.ts';
import type { Pass } from '../nn/layer.ts';
import { networks, type Network } from '../weights/layout.ts';
import { movingMeanSuffix, movingVarianceSuffix } from '../weights/state-names.ts';
import { UserError } from '../errors/user-error.ts';
import { oneHot } from './one-hot.ts';
import type { ArraySpec, Unit } from './unit.ts';
import { unpack, valueAndGradients, type LossAndExtras } from './value-and-gradients.ts';

/**
 * The units of a training step, for one shard of `B = shardSize` images of a model. All weights are flat vectors in
 * the layout of their network; seeds are int32 [2] keys of stateless random streams; noise is float32 [B, latent].
 * `dropoutSeed` is the key of the dropout masks, and of the augmentation of the images that the discriminator sees.
 *
 * The units of a conditional model have one more input each, which these types do not show: `classes` (float32
 * [B, classes]) in generatorSample, a 1 for the class of each image, or the shares of several classes; `labels` (int32
 * [B]) in all others, the number of each image's class. discriminatorPenalty has `fakeLabels`, too.
 *
 * @category A training step
 */
export interface PhaseUnits {
  /**
   * The discriminator's loss and gradient on real images, and the penalty of approximate R1. `regularizerSeed` is the
   * key of the noise of approximate R1.
   */
  readonly discriminatorReal: Unit<
    'discriminator' | 'images' | 'dropoutSeed' | 'regularizerSeed',
    'loss' | 'penalty' | 'gradient' | 'logits'
  >;
  /**
   * The discriminator's loss and gradient on fake images. `images` (float32 [B, H, W, C]) is the output of
   * generatorBackward.
   */
  readonly discriminatorFake: Unit<'discriminator' | 'images' | 'dropoutSeed', 'loss' | 'gradient' | 'logits'>;
  /**
   * A penalty on the exact slope of the discriminator at real images (uint8 or float32, as in discriminatorReal), fake
   * images or between them, and its gradient. Absent if the model's regularizer does not read the exact slope. The
   * seeds `dropoutSeed` and `fakeDropoutSeed` are those of discriminatorReal and discriminatorFake; `regularizerSeed`
   * is the key of the points between real and fake images.
   */
  readonly discriminatorPenalty?: Unit<
    'discriminator' | 'images' | 'fakeImages' | 'dropoutSeed' | 'fakeDropoutSeed' | 'regularizerSeed',
    'penalty' | 'gradient'
  >;
  /**
   * Forward and backward pass through both networks. The generator's forward pass (training mode: batch statistics)
   * needs no discriminator, so it comes first. The output `images` holds the generated images, in [-1, 1]; the
   * discriminator reads them. `loss` is the generator's loss. `contribution` holds the gradient of the generator's
   * parameters and the batch statistics of its normalisations, as mean and mean of squares.
   */
  readonly generatorBackward: Unit<
    'generator' | 'discriminator' | 'noise' | 'dropoutSeed',
    'images' | 'loss' | 'contribution'
  >;
  /** Generator in inference mode (moving averages), for samples: images in [-1, 1]. */
  readonly generatorSample: Unit<'generator' | 'noise', 'images'>;
}

type PenaltyInput = keyof NonNullable<PhaseUnits['discriminatorPenalty']>['inputs'];

/**
 * Options of the units of a model.
 *
 * @category A training step
 */
export interface PhaseUnitOptions {
  /** The type of real images: uint8 pixels (scaled to x / 127.5 - 1), or float32 in [-1, 1]. Default uint8. */
  readonly images?: 'uint8' | 'float32';
}

const float = (...shape: number[]): ArraySpec => ({ shape, dtype: 'float32' });
const seedSpec: ArraySpec = { shape: [2], dtype: 'int32' };

/** The inputs of the units of a conditional model for the classes of images. Those of any other model have none. */
function classInputs({ condition }: ModelConfig, shardSize: number) {
  if (condition === undefined) return {};
  const labels: ArraySpec = { shape: [shardSize], dtype: 'int32', below: condition.classes };
  return {
    labels: { labels },
    fakeLabels: { fakeLabels: labels },
    classes: { classes: float(shardSize, condition.classes) },
  };
}

/**
 * Builds the units of a model for shards of `shardSize` images.
 *
 * @category A training step
 */
export function createPhaseUnits(model: ModelConfig, shardSize: number, options: PhaseUnitOptions = {}): PhaseUnits {
  const { images = 'uint8' } = options;
  const identity = JSON.stringify({ model, shardSize, images });
  const { size, channels } = model.image;
  const imageShape = [shardSize, size, size, channels];
  const layouts = createLayouts(model);
  const generator = float(layouts.generator.size);
  const discriminator = float(layouts.discriminator.size);
  const noise = float(shardSize, model.latent);
  const { labels, fakeLabels, classes } = classInputs(model, shardSize);
  const formulas = createFormulas(model, images);
  return {
    discriminatorReal: {
      name: 'discriminator-real',
      identity,
      inputs: {
        discriminator,
        images: { shape: imageShape, dtype: images },
        dropoutSeed: seedSpec,
        regularizerSeed: seedSpec,
        ...labels,
      },
      lasting: ['discriminator'],
      outputs: { loss: float(), penalty: float(), gradient: discriminator, logits: float(shardSize, 1) },
      run: formulas.discriminatorReal,
    },
    discriminatorFake: {
      name: 'discriminator-fake',
      identity,
      inputs: { discriminator, images: float(...imageShape), dropoutSeed: seedSpec, ...labels },
      lasting: ['discriminator'],
      outputs: { loss: float(), gradient: discriminator, logits: float(shardSize, 1) },
      run: formulas.discriminatorFake,
    },
    ...(isExact(model.regularizer) && {
      discriminatorPenalty: {
        name: 'discriminator-penalty',
        identity,
        inputs: {
          discriminator,
          images: { shape: imageShape, dtype: images },
          fakeImages: float(...imageShape),
          dropoutSeed: seedSpec,
          fakeDropoutSeed: seedSpec,
          regularizerSeed: seedSpec,
          ...labels,
          ...fakeLabels,
        },
        lasting: ['discriminator'],
        outputs: { penalty: float(), gradient: discriminator },
        run: formulas.discriminatorPenalty(model.regularizer),
      },
    }),
    generatorBackward: {
      name: 'generator-backward',
      identity,
      inputs: { generator, discriminator, noise, dropoutSeed: seedSpec, ...labels },
      // The generator's forward pass can run before the discriminator's weights have arrived.
      early: Object.keys({ generator, noise, ...labels }) as ('generator' | 'noise')[],
      lasting: ['generator', 'discriminator'],
      outputs: { images: float(...imageShape), loss: float(), contribution: generator },
      earlyOutputs: ['images'],
      runEarly: formulas.generatorForward,
      run: formulas.generatorBackward,
    },
    generatorSample: {
      name: 'generator-sample',
      identity,
      inputs: { generator, noise, ...classes },
      lasting: ['generator'],
      outputs: { images: float(...imageShape) },
      run: formulas.generatorSample,
    },
  };
}

/** The inputs of a unit. Only those of a conditional model have labels. */
type Tensors<Name extends string> = Readonly<Record<Name, Tensor>> &
  Readonly<Partial<Record<'labels' | 'fakeLabels', Tensor>>>;
/** The classes of the images that a network makes or judges; undefined without a condition. */
type Classes = Pick<Pass, 'classes'> | undefined;

/** The formulas that the units compute. */
function createFormulas(model: ModelConfig, images: 'uint8' | 'float32') {
  const layouts = createLayouts(model);
  const generatorLayers = networkLayers(model, 'generator');
  const discriminatorLayers = networkLayers(model, 'discriminator');
  const loss = adversarialLoss(model);
  const discriminate = (
    weights: ReadonlyMap<string, Tensor>,
    dropoutSeed: Tensor,
    classes: Classes,
    listeners?: Listeners,
  ) => {
    const pass: Pass = { ...passOver(weights), ...classes, ...listeners, training: true, dropoutSeed };
    return (x: Tensor) => {
      const seen = model.augment === undefined ? x : augment(x, model.augment, add(dropoutSeed, augmentStream()));
      return applyNetwork(model, 'discriminator', discriminatorLayers, seen, pass);
    };
  };
  const gradientsOf: GradientsOf = (network, start, formula, stateOf) => {
    try {
      return valueAndGradients(layouts[network], start, formula, stateOf);
    } catch (error) {
      throw explainMissingGradient(model, error);
    }
  };
  const classesOf = (labels: Tensor | undefined): Classes =>
    model.condition && labels && { classes: oneHot(labels, model.condition.classes) };
  const toUnitRange = (x: Tensor) => (images === 'uint8' ? sub(mul(x, 1 / 127.5), 1) : x);

  return {
    generatorSample: (inputs: Record<'generator' | 'noise', Tensor> & { readonly classes?: Tensor }) => {
      const { classes } = inputs;
      const pass: Pass = { ...passOver(unpack(layouts.generator, inputs.generator)), training: false, classes };
      return { images: applyNetwork(model, 'generator', generatorLayers, inputs.noise, pass) };
    },

    discriminatorReal: (inputs: Tensors<'discriminator' | 'images' | 'dropoutSeed' | 'regularizerSeed'>) => {
      const real = toUnitRange(inputs.images);
      const classes = classesOf(inputs.labels);
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const formula = (weights: ReadonlyMap<string, Tensor>) => {
        const { state, listeners } = noteState();
        const judge = discriminate(weights, inputs.dropoutSeed, classes, listeners);
        const logits = judge(real);
        const penalty = approximatePenalty(model.regularizer, judge, real, logits, inputs.regularizerSeed);
        const realLoss = loss.real(logits);
        return { loss: add(realLoss, penalty) as Scalar, extras: { ...state, loss: realLoss, penalty, logits } };
      };
      const { gradient, extras } = gradientsOf<string>('discriminator', start, formula, notedState);
      return { loss: extras['loss'], penalty: extras['penalty'], logits: extras['logits'], gradient };
    },

    discriminatorFake: (inputs: Tensors<'discriminator' | 'images' | 'dropoutSeed'>) => {
      const classes = classesOf(inputs.labels);
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const { gradient, extras, ...value } = gradientsOf('discriminator', start, (weights) => {
        const logits = discriminate(weights, inputs.dropoutSeed, classes)(inputs.images);
        return { loss: loss.fake(logits), extras: { logits } };
      });
      return { loss: value.loss, gradient, logits: extras.logits };
    },

    discriminatorPenalty: (regularizer: ExactRegularizer) => (inputs: Tensors<PenaltyInput>) => {
      const [classes, fakeClasses] = [inputs.labels, inputs.fakeLabels].map(classesOf);
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const { loss: penalty, gradient } = gradientsOf('discriminator', start, (weights) => {
        const images = {
          real: toUnitRange(inputs.images),
          fake: inputs.fakeImages,
          judgeReal: discriminate(weights, inputs.dropoutSeed, classes),
          judgeFake: discriminate(weights, inputs.fakeDropoutSeed, fakeClasses),
        };
        return { loss: exactPenalty(regularizer, images, inputs.regularizerSeed), extras: {} };
      });
      return { penalty, gradient };
    },

    generatorForward: (inputs: Tensors<'generator' | 'noise'>) => {
      const weights = unpack(layouts.generator, inputs.generator);
      const pass: Pass = { ...passOver(weights), ...classesOf(inputs.labels), training: true };
      return { images: applyNetwork(model, 'generator', generatorLayers, inputs.noise, pass) };
    },

    generatorBackward: (inputs: Tensors<'generator' | 'discriminator' | 'noise' | 'dropoutSeed'>) => {
      const classes = classesOf(inputs.labels);
      const judge = discriminate(unpack(layouts.discriminator, inputs.discriminator), inputs.dropoutSeed, classes);
      const start = unpack(layouts.generator, inputs.generator);
      const formula = (weights: ReadonlyMap<string, Tensor>) => {
        const { state, listeners } = noteState();
        const pass: Pass = { ...passOver(weights), ...classes, ...listeners, training: true };
        const fake = applyNetwork(model, 'generator', generatorLayers, inputs.noise, pass);
        return { loss: loss.generator(judge(fake)), extras: { ...state, images: fake } };
      };
      const { loss: value, gradient, extras } = gradientsOf<string>('generator', start, formula, notedState);
      return { images: extras['images'], loss: value, contribution: gradient };
    },
  };
}

type GradientsOf = <Extra extends string>(
  network: Network,
  weights: ReadonlyMap<string, Tensor>,
  formula: (weights: ReadonlyMap<string, Tensor>) => LossAndExtras<Extra>,
  stateOf?: (name: string, extras: Readonly<Record<Extra, Tensor>>) => Tensor,
) => { loss: Tensor; gradient: Tensor; extras: Record<Extra, Tensor> };

/** Our own layers use only operations that have gradients. */
function explainMissingGradient(model: ModelConfig, error: unknown): unknown {
  const operation = /gradient function not found for (\w+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (operation === undefined || !isCustom(model)) return error;
  const custom = networks.filter((network) => model[network].kind === 'custom');
  return new UserError({
    code: 'no-gradient',
    message: `The gradient of ${custom.map((network) => describeNetwork(model, network)).join(' or ')} needs that of the operation ${operation}, and tfjs has none.`,
    advice: 'Write its layers with other operations, or give the operation a gradient with customGrad of tfjs.',
    cause: error,
  });
}

type Listeners = Required<Pick<Pass, 'onStatistics' | 'onDirection'>>;

/**
 * Collects what a pass contributes to the state entries of its network, by the names of the entries: means and means of
 * squares of batch normalisations, and next directions of spectral normalisations.
 */
function noteState(): { state: Record<string, Tensor>; listeners: Listeners } {
  const state: Record<string, Tensor> = {};
  return {
    state,
    listeners: {
      onStatistics(norm, mean, variance) {
        state[norm + movingMeanSuffix] = reshape(mean, [-1]);
        state[norm + movingVarianceSuffix] = reshape(add(variance, square(mean)), [-1]);
      },
      onDirection: (name, next) => void (state[name] = next),
    },
  };
}

/** What `noteState` has collected for a state entry. */
function notedState(name: string, state: Readonly<Record<string, Tensor>>): Tensor {
  const noted = state[name] as Tensor | undefined;
  if (noted !== undefined) return noted;
  throw new UserError({
    code: 'layer-failed',
    message: `No layer has told the new value of the state ${name} in a pass.`,
    advice: 'Run the layer that the state belongs to, with the pass that it gets.',
  });
}

/**
 * Added to a key of dropout masks, gives the key of the augmentation: dropout changes only the second number of a key.
 */
const augmentStream = () => tensor1d([1, 0], 'int32');

/** Returns the field `parameter` of a `Pass`: a function that finds a parameter in `weights` by its name. */
function passOver(weights: ReadonlyMap<string, Tensor>): Pick<Pass, 'parameter'> {
  return {
    parameter(name) {
      const tensor = weights.get(name);
      if (tensor !== undefined) return tensor;
      throw new UserError({
        code: 'layer-failed',
        message: `No layer of the network has a parameter ${name}.`,
        advice: 'Name it in the `parameters` of its layer, and ask for it by its whole name, LAYER/NAME.',
      });
    },
  };
}
