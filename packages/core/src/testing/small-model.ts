/** Models of a few hundred weights, for tests that train or run a unit. */
import type { ModelConfig } from '../model/model-config.ts';
import { oneLstm } from '../presets.ts';

export const smallModel: ModelConfig = {
  image: { size: 8, channels: 1 },
  latent: 4,
  generator: {
    kind: 'rows',
    dense: 8,
    steps: 2,
    stepSize: 4,
    lstm: 4,
    ...oneLstm,
    hidden: [],
    base: [2, 2, 2],
    filters: [3],
  },
  discriminator: { filters: [3, 4], dropout: 0.3 },
  loss: 'non-saturating',
  regularizer: { kind: 'r1', gamma: 1, every: 2 },
};

export const smallConditionalModel: ModelConfig = {
  ...smallModel,
  condition: { kind: 'label', classes: 3, embedding: 2 },
};
