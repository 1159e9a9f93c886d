import { emaBeta, updateNetwork, type Layout, type Network } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import type { SumTree } from '@lstm-gan/core/fold';
import { adamAfter, plainArithmetic, type VectorArithmetic } from '@lstm-gan/core/optimizer';
import { findNotFinite } from '@lstm-gan/core/weights';
import { imagesPerStep, type RunConfig, type TrainingState } from '@lstm-gan/run';
import { notFiniteUpdate } from '../../decide/not-finite.ts';

/**
 * Applies the folded sum of a phase's contributions to the phase's network: computes the mean, Adam and moving
 * averages. The generator's phase completes the step, so it also updates the EMA. The EMA may be computed in the
 * background until `finishPending` returns, so that the new weights can be sent earlier. All results are new arrays.
 */
export function applyUpdate(
  state: TrainingState,
  network: Network,
  sum: SumTree,
  config: RunConfig,
  layouts: Readonly<Record<Network, Layout>>,
  arithmetic: VectorArithmetic = plainArithmetic,
): TrainingState {
  const { batchSize, shardSize } = config;
  const shardCount = batchSize / shardSize;
  const { state: updated, isFinite } = updateNetwork(
    layouts[network],
    state[network],
    sum,
    shardCount,
    adamAfter(config.optimizer[network], state.step * imagesPerStep(config)),
    arithmetic,
  );
  if (!isFinite) {
    const entry = findNotFinite(layouts[network], updated.weights) ?? '';
    throw new UserError(notFiniteUpdate(state.step + 1, network, entry));
  }
  if (network === 'discriminator') return { ...state, discriminator: updated };
  const step = state.step + 1;
  const beta = emaBeta(config.ema, batchSize, step * batchSize);
  return { ...state, step, generator: updated, ema: arithmetic.ema(state.ema, updated.weights, beta) };
}
