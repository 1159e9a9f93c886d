import { oneLstm, type ModelConfig } from '@lstm-gan/core';
import type { TrainerOptions } from '@lstm-gan/core/trainer';

/** The recipe of the preset `digits`, for images of 16x16 and a network that a browser trains in minutes. */
export const model: ModelConfig = {
  image: { size: 16, channels: 1 },
  latent: 32,
  generator: {
    kind: 'rows',
    ...{ dense: 256, steps: 4, stepSize: 64, lstm: 128, ...oneLstm },
    ...{ hidden: [], base: [4, 4, 32], filters: [32] },
  },
  discriminator: { filters: [32, 64], dropout: 0, minibatchDeviation: 4 },
  loss: 'non-saturating',
  regularizer: { kind: 'approximate-r1', lambda: 20, sigma: 0.05 },
};

export const batchSize = 16;
// On all 10,000 digits, the samples were many different digits after 20,000 images. With a rate of 5e-4, they were a
// few blurred ones after 48,000.
const adam = { learningRate: 1e-3, beta1: 0.5, beta2: 0.99, epsilon: 1e-8 };

/** What the training has besides its seed. */
export const options: TrainerOptions = {
  batchSize,
  shardSize: batchSize,
  optimizer: { generator: adam, discriminator: adam },
  ema: { halfLifeImages: 5000, rampUp: 0.05 },
};
