import { imagesPerStep } from '../config/check-run-config.ts';
import type { RunConfig } from '../config/run-config-schema.ts';
import { UserError } from '../errors/user-error.ts';
import type { SumTree } from '../fold/sum-tree.ts';
import { adamAfter } from '../optimizer/adam.ts';
import { emaBeta } from '../optimizer/ema.ts';
import { updateNetwork } from '../optimizer/network-state.ts';
import { plainArithmetic, type VectorArithmetic } from '../optimizer/vector-arithmetic.ts';
import { findNotFinite } from '../weights/finite.ts';
import type { Layout, Network } from '../weights/layout.ts';
import { notFiniteUpdate } from './not-finite-update.ts';
import type { TrainingState } from './training-state.ts';

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
