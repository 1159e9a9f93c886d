import type { RunConfig } from '../config/run-config-schema.ts';
import { createInitialWeights } from '../model/initial-weights.ts';
import { createNetworkState, type NetworkState } from '../optimizer/network-state.ts';
import type { Network } from '../weights/layout.ts';

/**
 * Everything that training carries from one step to the next. Everything else follows from this state, together with
 * the configuration and the data.
 */
export interface TrainingState extends Readonly<Record<Network, NetworkState>> {
  /** Steps committed so far. */
  readonly step: number;
  /** The moving average of the generator's weights: of its trainable parameters and of its state. */
  readonly ema: Float32Array;
}

/** The state before the first step. */
export function createTrainingState({ model, seed }: Pick<RunConfig, 'model' | 'seed'>): TrainingState {
  const generator = createNetworkState(createInitialWeights(model, 'generator', seed));
  const discriminator = createNetworkState(createInitialWeights(model, 'discriminator', seed));
  return { step: 0, generator, discriminator, ema: generator.weights };
}
