import { createNetworkState, oneLstm, presets, type Preset } from '@lstm-gan/core';
import { createRunConfig, type RunConfig } from '../config/run-config.ts';
import { createTrainingState, type TrainingState } from '@lstm-gan/core/training';

const digits = presets.get('digits') as Preset;

/** A configuration whose model has a few hundred parameters. */
export const smallConfig: RunConfig = createRunConfig({
  ...digits,
  model: {
    ...digits.model,
    image: { size: 16, channels: 1 },
    latent: 4,
    generator: {
      kind: 'rows',
      dense: 16,
      steps: 4,
      stepSize: 4,
      lstm: 8,
      ...oneLstm,
      hidden: [],
      base: [4, 4, 2],
      filters: [3],
    },
    discriminator: { filters: [3], dropout: 0 },
  },
});

const start = createTrainingState(smallConfig);

/**
 * A state in which every vector differs from the others and from zero, and the powers of beta have no short decimal
 * form.
 */
export function smallState(step: number): TrainingState {
  const network = (weights: Float32Array, factor: number) => ({
    ...createNetworkState(weights.map((value) => value * factor)),
    firstMoments: weights.map((value) => (value - 1) * factor),
    secondMoments: weights.map((value) => value * value + factor),
    beta1Power: 0.1 + 0.2,
    beta2Power: 0.999 ** step,
    updates: step,
  });
  return {
    step,
    generator: network(start.generator.weights, 1.1),
    discriminator: network(start.discriminator.weights, 1.3),
    ema: start.ema.map((value) => value + 0.25),
  };
}
