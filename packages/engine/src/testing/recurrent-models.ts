import { modelConfigSchema, presets, type ModelConfig } from '@lstm-gan/core';

const oneStep = { steps: 1, stepSize: 32, lstm: 128 };

/** Small models, by what is special about their recurrent layers. */
export const recurrentModels: ReadonlyMap<string, ModelConfig> = new Map(
  Object.entries({
    'an LSTM': {},
    'an LSTM of one step': oneStep,
    'a GRU': { cell: 'gru' },
    'a GRU of one step': { ...oneStep, cell: 'gru' },
    'stacked layers': { layers: 2 },
    'both directions': { bidirectional: true },
    'noise at every step': { stepNoise: 1 },
    'raster order': { block: [2, 4] },
    'a convolutional LSTM': { cell: 'conv-lstm', block: [2, 4], lstm: 8 },
    'all of it': { cell: 'conv-lstm', block: [2, 4], lstm: 8, layers: 2, bidirectional: true, stepNoise: 1 },
  }).map(([name, variation]) => [name, modelWith(variation)]),
);

function modelWith(variation: object): ModelConfig {
  const sizes = { dense: 32, steps: 2, stepSize: 16, lstm: 64, hidden: [], base: [4, 4, 8], filters: [8] };
  return modelConfigSchema.parse({
    ...presets.get('rows')?.model,
    image: { size: 16, channels: 3 },
    latent: 5,
    generator: { kind: 'rows', ...sizes, ...variation },
    discriminator: { filters: [8, 8], dropout: 0.3 },
  });
}
