import { add, mul, reshape, square, sub, tensor1d, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import {
  adversarialLoss,
  isPaired,
  type AdversarialLoss,
  type PairedLoss,
  type SeparateLoss,
} from '../loss/adversarial-loss.ts';
import { augment } from '../loss/augment.ts';
import { approximatePenalty, exactPenalty, isExact, type ExactRegularizer } from '../loss/gradient-penalty.ts';
import { describeNetwork, isCustom } from '../model/custom-networks.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { applyNetwork, createLayouts, networkLayers } from '../model/network.ts';
import type { Pass } from '../nn/layer.ts';
import { networks, type Network } from '../weights/layout.ts';
import { movingMeanSuffix, movingVarianceSuffix } from '../weights/state-names.ts';
import { assert } from '../errors/assert.ts';
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
 * [B]) in all others, the number of each image's class. discriminatorPairs and discriminatorPenalty have `fakeLabels`,
 * too.
 *
 * A loss that judges each image by itself has the units discriminatorReal and discriminatorFake. A loss that compares
 * real with fake images (`relativistic`) has discriminatorPairs instead, and its generatorBackward has more inputs,
 * which these types do not show: `realImages` (as `images` of discriminatorReal), `realDropoutSeed` and, in a
 * conditional model, `realLabels`.
 *
 * @category A training step
 */
export interface PhaseUnits {
  /**
   * The discriminator's loss and gradient on real images, and the penalty of approximate R1. `regularizerSeed` is the
   * key of the noise of approximate R1.
   */
  readonly discriminatorReal?: Unit<RealHalfInput, 'loss' | 'penalty' | 'gradient' | 'logits'>;
  /**
   * The discriminator's loss and gradient on fake images. `images` (float32 [B, H, W, C]) is the output of
   * generatorBackward.
   */
  readonly discriminatorFake?: Unit<'discriminator' | 'images' | 'dropoutSeed', 'loss' | 'gradient' | 'logits'>;
  /**
   * The discriminator's loss and gradient on pairs of a real and a fake image, and the penalty of approximate R1.
   * `images` and the seeds of the real images are as in discriminatorReal, `fakeImages` and `fakeDropoutSeed` as in
   * discriminatorFake.
   */
  readonly discriminatorPairs?: Unit<PairsInput, 'loss' | 'penalty' | 'gradient' | 'logits' | 'fakeLogits'>;
  /**
   * A penalty on the exact slope of the discriminator at real images (uint8 or float32, as in discriminatorReal), fake
   * images or between them, and its gradient. Absent if the model's regularizer does not read the exact slope. The
   * seeds `dropoutSeed` and `fakeDropoutSeed` are those of discriminatorReal and discriminatorFake; `regularizerSeed`
   * is the key of the points between real and fake images.
   */
  readonly discriminatorPenalty?: Unit<PairsInput, 'penalty' | 'gradient'>;
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

/**
 * The inputs of a unit that reads real images.
 *
 * @category A training step
 */
export type RealHalfInput = 'discriminator' | 'images' | 'dropoutSeed' | 'regularizerSeed';
/**
 * The inputs of a unit that reads real and fake images.
 *
 * @category A training step
 */
export type PairsInput = RealHalfInput | 'fakeImages' | 'fakeDropoutSeed';

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
    realLabels: { realLabels: labels },
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
  const { labels, fakeLabels, realLabels, classes } = classInputs(model, shardSize);
  const realImages: ArraySpec = { shape: imageShape, dtype: images };
  const formulas = createFormulas(model, images);
  const onReal = { discriminator, images: realImages, dropoutSeed: seedSpec, regularizerSeed: seedSpec, ...labels };
  const onBoth = { ...onReal, fakeImages: float(...imageShape), fakeDropoutSeed: seedSpec, ...fakeLabels };
  const logits = float(shardSize, 1);
  const loss = adversarialLoss(model);
  const discriminatorUnits: Pick<PhaseUnits, 'discriminatorReal' | 'discriminatorFake' | 'discriminatorPairs'> =
    isPaired(loss)
      ? {
          discriminatorPairs: {
            name: 'discriminator-pairs',
            identity,
            inputs: onBoth,
            lasting: ['discriminator'],
            outputs: { loss: float(), penalty: float(), gradient: discriminator, logits, fakeLogits: logits },
            run: formulas.discriminatorPairs(loss),
          },
        }
      : {
          discriminatorReal: {
            name: 'discriminator-real',
            identity,
            inputs: onReal,
            lasting: ['discriminator'],
            outputs: { loss: float(), penalty: float(), gradient: discriminator, logits },
            run: formulas.discriminatorReal(loss),
          },
          discriminatorFake: {
            name: 'discriminator-fake',
            identity,
            inputs: { discriminator, images: float(...imageShape), dropoutSeed: seedSpec, ...labels },
            lasting: ['discriminator'],
            outputs: { loss: float(), gradient: discriminator, logits },
            run: formulas.discriminatorFake(loss),
          },
        };
  return {
    ...discriminatorUnits,
    ...(isExact(model.regularizer) && {
      discriminatorPenalty: {
        name: 'discriminator-penalty',
        identity,
        inputs: onBoth,
        lasting: ['discriminator'],
        outputs: { penalty: float(), gradient: discriminator },
        run: formulas.discriminatorPenalty(model.regularizer),
      },
    }),
    generatorBackward: {
      name: 'generator-backward',
      identity,
      inputs: {
        generator,
        discriminator,
        noise,
        dropoutSeed: seedSpec,
        ...labels,
        ...(isPaired(loss) && { realImages, realDropoutSeed: seedSpec, ...realLabels }),
      },
      // The generator's forward pass can run before the discriminator's weights have arrived.
      early: Object.keys({ generator, noise, ...labels }) as ('generator' | 'noise')[],
      lasting: ['generator', 'discriminator'],
      outputs: { images: float(...imageShape), loss: float(), contribution: generator },
      earlyOutputs: ['images'],
      runEarly: formulas.generatorForward,
      run: formulas.generatorBackward(loss),
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
  Readonly<Partial<Record<'labels' | 'fakeLabels' | 'realLabels', Tensor>>>;
/** The inputs of generatorBackward. Only those for a paired loss have real images. */
type BackwardTensors = Tensors<'generator' | 'discriminator' | 'noise' | 'dropoutSeed'> &
  Partial<Tensors<'realImages' | 'realDropoutSeed'>>;
/** The classes of the images that a network makes or judges; undefined without a condition. */
type Classes = Pick<Pass, 'classes'> | undefined;

/** What the formulas of several units have in common. */
function createParts(model: ModelConfig, images: 'uint8' | 'float32') {
  const layouts = createLayouts(model);
  const generatorLayers = networkLayers(model, 'generator');
  const discriminatorLayers = networkLayers(model, 'discriminator');
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
  /** The logits of real images, the penalty of approximate R1, and what the pass contributes to the state. */
  const judgeReal = (weights: ReadonlyMap<string, Tensor>, inputs: Tensors<RealHalfInput>) => {
    const real = toUnitRange(inputs.images);
    const { state, listeners } = noteState();
    const judge = discriminate(weights, inputs.dropoutSeed, classesOf(inputs.labels), listeners);
    const logits = judge(real);
    const penalty = approximatePenalty(model.regularizer, judge, real, logits, inputs.regularizerSeed);
    return { logits, penalty, state };
  };
  return { layouts, generatorLayers, discriminate, gradientsOf, classesOf, toUnitRange, judgeReal };
}

/** The formulas that the units compute. */
function createFormulas(model: ModelConfig, images: 'uint8' | 'float32') {
  const parts = createParts(model, images);
  const { layouts, generatorLayers, discriminate, gradientsOf, classesOf, toUnitRange, judgeReal } = parts;

  return {
    generatorSample: (inputs: Record<'generator' | 'noise', Tensor> & { readonly classes?: Tensor }) => {
      const { classes } = inputs;
      const pass: Pass = { ...passOver(unpack(layouts.generator, inputs.generator)), training: false, classes };
      return { images: applyNetwork(model, 'generator', generatorLayers, inputs.noise, pass) };
    },

    discriminatorReal: (loss: SeparateLoss) => (inputs: Tensors<RealHalfInput>) => {
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const formula = (weights: ReadonlyMap<string, Tensor>) => {
        const { logits, penalty, state } = judgeReal(weights, inputs);
        const realLoss = loss.real(logits);
        return { loss: add(realLoss, penalty) as Scalar, extras: { ...state, loss: realLoss, penalty, logits } };
      };
      const { gradient, extras } = gradientsOf<string>('discriminator', start, formula, notedState);
      return { loss: extras['loss'], penalty: extras['penalty'], logits: extras['logits'], gradient };
    },

    discriminatorFake: (loss: SeparateLoss) => (inputs: Tensors<'discriminator' | 'images' | 'dropoutSeed'>) => {
      const classes = classesOf(inputs.labels);
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const { gradient, extras, ...value } = gradientsOf('discriminator', start, (weights) => {
        const logits = discriminate(weights, inputs.dropoutSeed, classes)(inputs.images);
        return { loss: loss.fake(logits), extras: { logits } };
      });
      return { loss: value.loss, gradient, logits: extras.logits };
    },

    discriminatorPairs: (loss: PairedLoss) => (inputs: Tensors<PairsInput>) => {
      const fakeClasses = classesOf(inputs.fakeLabels);
      const start = unpack(layouts.discriminator, inputs.discriminator);
      const formula = (weights: ReadonlyMap<string, Tensor>) => {
        const { logits, penalty, state } = judgeReal(weights, inputs);
        const fakeLogits = discriminate(weights, inputs.fakeDropoutSeed, fakeClasses)(inputs.fakeImages);
        const pairLoss = loss.discriminator(logits, fakeLogits);
        const extras = { ...state, loss: pairLoss, penalty, logits, fakeLogits };
        return { loss: add(pairLoss, penalty) as Scalar, extras };
      };
      const { gradient, extras } = gradientsOf<string>('discriminator', start, formula, notedState);
      const { loss: value, penalty, logits, fakeLogits } = extras;
      return { loss: value, penalty, logits, fakeLogits, gradient };
    },

    discriminatorPenalty: (regularizer: ExactRegularizer) => (inputs: Tensors<PairsInput>) => {
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

    generatorBackward: (loss: AdversarialLoss) => (inputs: BackwardTensors) => {
      const classes = classesOf(inputs.labels);
      const judging = unpack(layouts.discriminator, inputs.discriminator);
      const judge = discriminate(judging, inputs.dropoutSeed, classes);
      const lossOf = (fakeLogits: Tensor): Scalar => {
        if (!isPaired(loss)) return loss.generator(fakeLogits);
        const { realImages, realDropoutSeed, realLabels } = inputs;
        assert(realImages !== undefined && realDropoutSeed !== undefined, 'a paired loss reads real images');
        const realLogits = discriminate(judging, realDropoutSeed, classesOf(realLabels))(toUnitRange(realImages));
        return loss.generator(realLogits, fakeLogits);
      };
      const start = unpack(layouts.generator, inputs.generator);
      const formula = (weights: ReadonlyMap<string, Tensor>) => {
        const { state, listeners } = noteState();
        const pass: Pass = { ...passOver(weights), ...classes, ...listeners, training: true };
        const fake = applyNetwork(model, 'generator', generatorLayers, inputs.noise, pass);
        return { loss: lossOf(judge(fake)), extras: { ...state, images: fake } };
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
