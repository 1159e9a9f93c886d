/** A run that takes milliseconds a step: a narrow model on made-up images. */
import { oneLstm, presets, type Preset } from '@lstm-gan/core';
import { createDataset } from '@lstm-gan/data';
import { createRunConfig, type RunConfig } from '@lstm-gan/run';

const digits = presets.get('digits') as Preset;

/** What gives the generator of `smallConfig` every variation of the recurrent layers that fit together. */
export const everyVariation = {
  cell: 'conv-lstm',
  block: [2, 2],
  lstm: 4,
  layers: 2,
  bidirectional: true,
  stepNoise: 1,
} as const;

const discriminator = { filters: [8, 16], dropout: 0.3 };

export const smallConfig: RunConfig = createRunConfig({
  ...digits,
  batchSize: 24,
  shardSize: 4,
  model: {
    ...digits.model,
    image: { size: 16, channels: 1 },
    latent: 8,
    generator: {
      kind: 'rows',
      dense: 32,
      steps: 4,
      stepSize: 8,
      lstm: 16,
      ...oneLstm,
      hidden: [],
      base: [4, 4, 4],
      filters: [8],
    },
    discriminator,
  },
});

/** The same with what only some runs have: each of these changes a phase or an update. */
export const richConfig: RunConfig = {
  ...smallConfig,
  discriminatorSteps: 2,
  model: {
    ...smallConfig.model,
    discriminator: { ...discriminator, minibatchDeviation: 2, spectralNorm: true },
    loss: 'wasserstein',
    regularizer: { kind: 'gradient-penalty', lambda: 10, every: 3 },
    augment: { colour: true, translation: 0.125, cutout: 0.5 },
  },
  optimizer: {
    generator: { ...smallConfig.optimizer.generator, schedule: { startImages: 24, endImages: 96, finalShare: 0.1 } },
    discriminator: {
      ...smallConfig.optimizer.discriminator,
      schedule: { startImages: 0, endImages: 48, finalShare: 0 },
    },
  },
};

/** A loss that compares real with fake images, and what its units have besides: labels, both penalties, augmentation. */
export const pairedConfig: RunConfig = {
  ...smallConfig,
  discriminatorSteps: 2,
  model: {
    ...smallConfig.model,
    discriminator: { ...discriminator, minibatchDeviation: 2, spectralNorm: true },
    loss: 'relativistic',
    regularizer: { kind: 'r1-r2', gamma: 1, every: 3 },
    augment: { colour: true, translation: 0.125, cutout: 0.5 },
    condition: { kind: 'label', classes: 3, embedding: 4 },
  },
  classes: [50, 30, 20].map((images, label) => ({ name: String(label), images })),
};

const count = 100;

/** Images of stripes, each a pure function of its number. */
export const smallDataset = createDataset(
  { name: 'stripes', count, size: 16, channels: 1, digest: 'stripes' },
  Uint8Array.from({ length: count * 256 }, (_, i) => (((i % 256) * (1 + Math.floor(i / 256))) % 2) * 200 + 20),
);
