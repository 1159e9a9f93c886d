/** Small models, by what is special about how they train. */
import { oneLstm, presets, type ModelConfig, type Preset } from '@lstm-gan/core';

const { model: digits } = presets.get('digits') as Preset;

const rows = {
  kind: 'rows',
  ...{ dense: 12, steps: 2, stepSize: 6, lstm: 8, ...oneLstm },
  ...{ hidden: [], base: [2, 2, 4], filters: [4] },
} as const;

const base: ModelConfig = {
  ...digits,
  image: { size: 8, channels: 1 },
  latent: 6,
  generator: rows as unknown as ModelConfig['generator'],
  discriminator: { filters: [4, 6], dropout: 0.3 },
};

const variations: Readonly<Record<string, Partial<Record<keyof ModelConfig, unknown>>>> = {
  'rows, LSTM': {},
  article: { generator: { ...rows, kind: 'article', lstm: 5, hidden: [8, 8] } },
  GRU: { generator: { ...rows, cell: 'gru' } },
  'convolutional LSTM': { generator: { ...rows, cell: 'conv-lstm', lstm: 4, block: [1, 2] } },
  'layers, directions, step noise': { generator: { ...rows, layers: 2, bidirectional: true, stepNoise: 1 } },
  dcgan: { generator: { kind: 'dcgan', base: [2, 2, 4], filters: [4] } },
  dense: { generator: { kind: 'dense', units: [6] } },
  conditional: { condition: { kind: 'label', classes: 3, embedding: 2 } },
  'minibatch deviation': { discriminator: { ...base.discriminator, minibatchDeviation: 2 } },
  'spectral norm': { discriminator: { ...base.discriminator, spectralNorm: true } },
  augmentation: {
    image: { size: 8, channels: 3 },
    augment: { colour: true, translation: 0.25, cutout: 0.5 },
  },
  'label smoothing': { labelSmoothing: 0.1 },
  hinge: { loss: 'hinge' },
  'least squares': { loss: 'least-squares' },
  wasserstein: { loss: 'wasserstein' },
  relativistic: { loss: 'relativistic' },
  'exact r1, lazily': { regularizer: { kind: 'r1', gamma: 1, every: 2 } },
  'exact r1-r2': { regularizer: { kind: 'r1-r2', gamma: 1, every: 1 } },
  'gradient penalty': { regularizer: { kind: 'gradient-penalty', lambda: 10, every: 1 } },
  'all of it': {
    generator: { ...rows, kind: 'article', hidden: [8], cell: 'gru', layers: 2, bidirectional: true, stepNoise: 1 },
    image: { size: 8, channels: 3 },
    discriminator: { ...base.discriminator, minibatchDeviation: 2, spectralNorm: true },
    regularizer: { kind: 'r1', gamma: 1, every: 2 },
    augment: { colour: true, translation: 0.25, cutout: 0.5 },
    condition: { kind: 'label', classes: 3, embedding: 2 },
  },
};

/** Every generator, and every choice that gives a unit of a step other operations. */
export const shortModels: ReadonlyMap<string, ModelConfig> = new Map(
  Object.entries(variations).map(([name, changes]) => [name, { ...base, ...changes } as ModelConfig]),
);
