/**
 * Presets: complete configurations with names. A preset states every value; nothing is inherited at run time.
 */
import type { AdamOptions } from './optimizer/adam.ts';
import type { EmaOptions } from './optimizer/ema.ts';
import type { GeneratorConfig, ModelConfig } from './model/model-config.ts';
import type { Network } from './weights/layout.ts';

/**
 * A complete configuration with a name.
 *
 * @category Models
 */
export interface Preset {
  readonly name: PresetName;
  /** One line for `--help`. */
  readonly description: string;
  readonly model: ModelConfig;
  /** The data set that the preset is made for. */
  readonly data: 'digits' | 'emoji';
  /** The default number of training steps. */
  readonly steps: number;
  readonly batchSize: number;
  readonly shardSize: number;
  /** Discriminator phases per step. */
  readonly discriminatorSteps: number;
  /**
   * Whether the generator phase uses the noise, and so the fake images, of the last discriminator phase. Otherwise it
   * draws its own noise.
   */
  readonly sharedNoise: boolean;
  readonly optimizer: Readonly<Record<Network, AdamOptions>>;
  readonly ema: EmaOptions;
}

/**
 * The names of all presets.
 *
 * @category Models
 */
export type PresetName =
  | 'digits'
  | 'conditional'
  | 'stable'
  | 'small-data'
  | 'relativistic'
  | 'wgan-gp'
  | 'hinge-sn'
  | 'article'
  | 'article-no-lstm'
  | 'rows'
  | 'rows-large'
  | 'dcgan-article'
  | 'dcgan-rows'
  | 'dense';

/** The settings of Adam in the article that docs/article.md describes; beta2 and epsilon are Adam's own defaults. */
const articleAdam: AdamOptions = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
/** docs/quality.md compares learning rates: with 5e-4 and less, some of the ten digits are missing. */
const digitsAdam: AdamOptions = { ...articleAdam, learningRate: 1.5e-3, beta2: 0.99 };

/**
 * A preset with the given generator and shard size. All other settings are those of the preset `article`, which
 * docs/article.md explains.
 */
function articleSettings(name: PresetName, description: string, generator: GeneratorConfig, shardSize: number): Preset {
  return {
    name,
    description,
    model: {
      image: { size: 64, channels: 3 },
      latent: 100,
      generator,
      discriminator: { filters: [64, 128, 256], dropout: 0.3 },
      loss: 'non-saturating',
      regularizer: { kind: 'none' },
    },
    data: 'emoji',
    steps: 50_000,
    batchSize: 16,
    shardSize,
    discriminatorSteps: 1,
    sharedNoise: true,
    optimizer: { generator: articleAdam, discriminator: articleAdam },
    ema: { halfLifeImages: 5000, rampUp: 0.05 },
  };
}

/**
 * One LSTM reads the time steps in order, and each step writes whole rows of the map.
 *
 * @category Models
 */
export const oneLstm = { cell: 'lstm', layers: 1, bidirectional: false, stepNoise: 0, block: null } as const;

const articleGenerator: GeneratorConfig = {
  kind: 'article',
  dense: 256,
  steps: 2,
  stepSize: 128,
  lstm: 128,
  ...oneLstm,
  hidden: [1024, 1024],
  base: [8, 8, 32],
  filters: [128, 64],
};

const dcganGenerator = (depth: number): GeneratorConfig => ({ kind: 'dcgan', base: [8, 8, depth], filters: [128, 64] });

const rowsGenerator: GeneratorConfig = {
  kind: 'rows',
  dense: 1024,
  steps: 8,
  stepSize: 128,
  lstm: 512,
  ...oneLstm,
  hidden: [],
  base: [8, 8, 64],
  filters: [128, 64],
};

/** Without dropout: these presets bound the discriminator by a penalty, or by the norms of its kernels. */
const plainDiscriminator = { filters: [64, 128, 256], dropout: 0 };

/** Tested settings: docs/quality.md shows what they give. */
const digits: Preset = {
  name: 'digits',
  description: 'handwritten digits, 32x32 gray; learns in minutes on two cores',
  model: {
    image: { size: 32, channels: 1 },
    latent: 100,
    generator: {
      kind: 'rows',
      dense: 2048,
      steps: 8,
      stepSize: 256,
      lstm: 512,
      ...oneLstm,
      hidden: [],
      base: [8, 8, 64],
      filters: [128],
    },
    discriminator: plainDiscriminator,
    loss: 'non-saturating',
    regularizer: { kind: 'approximate-r1', lambda: 20, sigma: 0.05 },
  },
  data: 'digits',
  // 1,400 steps take two and a half to seven minutes on two cores.
  steps: 1400,
  batchSize: 64,
  shardSize: 16,
  discriminatorSteps: 1,
  sharedNoise: true,
  optimizer: { generator: digitsAdam, discriminator: digitsAdam },
  ema: { halfLifeImages: 10_000, rampUp: 0.05 },
};

/**
 * The settings of `digits`, with labels. Without the minibatch standard deviation, all images of a class become alike.
 * The embedding is short, so that the noise counts beside the class.
 */
const conditional: Preset = {
  ...digits,
  name: 'conditional',
  description: 'digits of a class that one chooses: digits with labels',
  model: {
    ...digits.model,
    discriminator: { ...plainDiscriminator, minibatchDeviation: 4 },
    condition: { kind: 'label', classes: 10, embedding: 8 },
  },
};

const stableAdam: AdamOptions = { learningRate: 1e-3, beta1: 0.5, beta2: 0.99, epsilon: 1e-8 };

/** All settings of `stable`. The presets after it state what they change. */
const stable: Preset = {
  name: 'stable',
  description: 'pictures of your own, 64x64 RGB: the LSTM of rows, with a penalty that keeps training steady',
  model: {
    image: { size: 64, channels: 3 },
    latent: 100,
    generator: rowsGenerator,
    discriminator: { ...plainDiscriminator, minibatchDeviation: 4 },
    loss: 'non-saturating',
    regularizer: { kind: 'approximate-r1', lambda: 20, sigma: 0.05 },
  },
  data: 'emoji',
  steps: 25_000,
  batchSize: 32,
  shardSize: 16,
  discriminatorSteps: 1,
  sharedNoise: true,
  optimizer: { generator: stableAdam, discriminator: stableAdam },
  ema: { halfLifeImages: 10_000, rampUp: 0.05 },
};

/** The augmentation of DiffAugment (Zhao et al., 2020), with its three kinds of changes. */
const smallData: Preset = {
  ...stable,
  name: 'small-data',
  description: 'stable for few pictures (100 to some 1,000): what the discriminator sees is changed at random',
  model: { ...stable.model, augment: { colour: true, translation: 0.125, cutout: 0.5 } },
};

/** A preset whose discriminator judges each image by itself, as its loss or its bound supposes. */
function alternative(
  name: PresetName,
  description: string,
  model: Pick<ModelConfig, 'loss' | 'regularizer'> & Partial<ModelConfig>,
  optimizer: Preset['optimizer'],
): Preset {
  return {
    ...stable,
    name,
    description,
    model: { ...stable.model, discriminator: plainDiscriminator, ...model },
    optimizer,
  };
}

const bothWith = (adam: AdamOptions): Preset['optimizer'] => ({ generator: adam, discriminator: adam });
/** R3GAN's (Huang et al., 2024). */
const relativisticAdam: AdamOptions = { learningRate: 2e-4, beta1: 0, beta2: 0.99, epsilon: 1e-8 };
/** Adam's memory in WGAN-GP (Gulrajani et al., 2017) and SAGAN (Zhang et al., 2019). */
const criticAdam: AdamOptions = { learningRate: 4e-4, beta1: 0, beta2: 0.9, epsilon: 1e-8 };
/**
 * Two time scales (Heusel et al., 2017): a discriminator that learns four times as fast as the generator needs one phase
 * a step, where WGAN-GP took five.
 */
const twoTimeScales: Preset['optimizer'] = {
  discriminator: criticAdam,
  generator: { ...criticAdam, learningRate: 1e-4 },
};

const relativistic = alternative(
  'relativistic',
  'the loss of R3GAN, with R1 and R2: compares each real picture with a made one, 64x64 RGB',
  // As strong as the penalty of stable: lambda = gamma / (2 sigma^2).
  { loss: 'relativistic', regularizer: { kind: 'r1-r2', gamma: 0.1, every: 4 } },
  bothWith(relativisticAdam),
);
const wganGp = alternative(
  'wgan-gp',
  'Wasserstein loss with gradient penalty, 64x64 RGB',
  { loss: 'wasserstein', regularizer: { kind: 'gradient-penalty', lambda: 10, every: 1 } },
  twoTimeScales,
);
const hingeSn = alternative(
  'hinge-sn',
  'hinge loss with spectral norms, no penalty, 64x64 RGB',
  {
    loss: 'hinge',
    regularizer: { kind: 'none' },
    discriminator: { ...plainDiscriminator, spectralNorm: true },
  },
  twoTimeScales,
);

const list: readonly Preset[] = [
  digits,
  conditional,
  stable,
  smallData,
  relativistic,
  wganGp,
  hingeSn,
  articleSettings('article', "the article's LSTM generator made runnable, 64x64 RGB", articleGenerator, 8),
  articleSettings('article-no-lstm', 'control: the same without the LSTM', { ...articleGenerator, lstm: 0 }, 8),
  articleSettings('rows', 'an LSTM that writes one row of an 8x8 map a time step, 64x64 RGB', rowsGenerator, 16),
  articleSettings(
    'rows-large',
    'the benchmark: rows with 1,024 LSTM units, 64x64 RGB',
    {
      kind: 'rows',
      dense: 2048,
      steps: 8,
      stepSize: 256,
      lstm: 1024,
      ...oneLstm,
      hidden: [],
      base: [8, 8, 128],
      filters: [128, 64],
    },
    16,
  ),
  articleSettings(
    'dcgan-article',
    'control: convolutions only, as many parameters as article',
    dcganGenerator(160),
    16,
  ),
  articleSettings('dcgan-rows', 'control: convolutions only, as many parameters as rows', dcganGenerator(176), 16),
  articleSettings(
    'dense',
    'control: Dense layers only; far more parameters',
    { kind: 'dense', units: [256, 512, 1024] },
    16,
  ),
];

/**
 * Presets by name. A name that is known when the program is compiled always has its preset.
 *
 * @category Models
 */
export interface Presets extends ReadonlyMap<string, Preset> {
  /** The preset with this name. */
  get(name: PresetName): Preset;
  /** The preset with this name; undefined if there is none. */
  get(name: string): Preset | undefined;
}

/**
 * All presets, by name.
 *
 * @category Models
 */
export const presets = new Map<string, Preset>(list.map((preset) => [preset.name, preset])) as Presets;
