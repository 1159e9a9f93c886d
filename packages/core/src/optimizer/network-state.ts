/**
 * What training keeps of a network, and how a folded contribution moves it on. Every update makes new arrays: the old
 * ones may still be on the wire or in a checkpoint that is being written.
 */
import type { Layout } from '../weights/layout.ts';
import { assert } from '../user-error.ts';
import { plainArithmetic, type VectorArithmetic } from '../weights/vector-arithmetic.ts';
import type { AdamOptions } from './adam.ts';
import { moveAverages } from './moving-average.ts';

/** What training keeps of a network; all vectors lie in its layout. */
export interface NetworkState {
  readonly weights: Float32Array;
  /** Adam's m and v, in the weights' layout; zero where the role is `state`. */
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
  /** beta1^updates and beta2^updates, as products. */
  readonly beta1Power: number;
  readonly beta2Power: number;
  /** How many updates the weights have had: the version of the weights. */
  readonly updates: number;
}

/** A network before its first update. */
export function createNetworkState(weights: Float32Array): NetworkState {
  return {
    weights,
    firstMoments: new Float32Array(weights.length),
    secondMoments: new Float32Array(weights.length),
    beta1Power: 1,
    beta2Power: 1,
    updates: 0,
  };
}

/**
 * The network after one update with the mean contribution of a batch: Adam on parameters, moving averages on state.
 * @param contributionSum the folded sum of the contributions of `shardCount` shards
 * @param arithmetic a faster one of the same bits, where there is one
 */
export function updateNetwork(
  layout: Layout,
  state: NetworkState,
  contributionSum: Float32Array,
  shardCount: number,
  options: AdamOptions,
  { allocate, adam }: Pick<VectorArithmetic, 'allocate' | 'adam'> = plainArithmetic,
): NetworkState {
  assert(contributionSum.length === layout.size, `a contribution has ${layout.size} floats, got ${contributionSum.length}`);
  const next: NetworkState = {
    weights: allocate(layout.size),
    firstMoments: allocate(layout.size),
    secondMoments: allocate(layout.size),
    beta1Power: state.beta1Power * options.beta1,
    beta2Power: state.beta2Power * options.beta2,
    updates: state.updates + 1,
  };
  const vectors = {
    gradientSum: contributionSum,
    weights: state.weights,
    firstMoments: state.firstMoments,
    secondMoments: state.secondMoments,
    newWeights: next.weights,
    newFirstMoments: next.firstMoments,
    newSecondMoments: next.secondMoments,
  };
  for (const { role, offset, size } of layout.entries) {
    if (role === 'trainable') {
      adam(vectors, [offset, offset + size], shardCount, options, next.beta1Power, next.beta2Power);
    } else {
      next.firstMoments.fill(0, offset, offset + size);
      next.secondMoments.fill(0, offset, offset + size);
    }
  }
  moveAverages(layout, state.weights, contributionSum, shardCount, next.weights);
  return next;
}
