import {
  assert, divideVector, emaBeta, findNotFinite, updateEma, updateNetwork, UserError, type AdamUpdate, type EmaUpdate, type Layout, type Network,
} from '@lstm-gan/core';
import type { RunConfig, TrainingState } from '@lstm-gan/run';

/** Faster updates of the same bits; core's own where there are none. */
export interface Updates {
  readonly adam?: AdamUpdate;
  readonly ema?: EmaUpdate;
}

/**
 * Applies the folded sum of a phase's contributions to its network: the mean, Adam and moving averages; in the
 * generator's phase the step is complete, and the EMA moves. New arrays throughout.
 */
export function applyUpdate(
  state: TrainingState,
  network: Network,
  sum: Float32Array | undefined,
  config: RunConfig,
  layouts: Readonly<Record<Network, Layout>>,
  { adam, ema }: Updates = {},
): TrainingState {
  assert(sum !== undefined, 'an update comes when every shard is in the sum');
  const { batchSize, shardSize } = config;
  const mean = divideVector(sum, batchSize / shardSize);
  const updated = updateNetwork(layouts[network], state[network], mean, config.optimizer[network], adam);
  checkFinite(layouts[network], updated.weights, network, state.step + 1);
  if (network === 'discriminator') return { ...state, discriminator: updated };
  const step = state.step + 1;
  const beta = emaBeta(config.ema, batchSize, step * batchSize);
  return { ...state, step, generator: updated, ema: (ema ?? updateEma)(state.ema, updated.weights, beta) };
}

function checkFinite(layout: Layout, weights: Float32Array, network: Network, step: number): void {
  const entry = findNotFinite(layout, weights);
  if (entry === undefined) return;
  throw new UserError({
    code: 'not-finite',
    message: `Training stopped in step ${step}: ${network}/${entry} would no longer be finite.`,
    advice: 'The last checkpoint is from before it. Lower the learning rates, or regularize the discriminator.',
  });
}
