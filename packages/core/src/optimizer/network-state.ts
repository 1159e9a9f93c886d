/**
 * The training state of a network, and its update by a folded contribution. Every update makes new arrays, because the
 * old ones may still be in use: a link may be sending them, or a checkpoint may be written from them.
 */
import { isFiniteVector } from '../weights/finite.ts';
import type { Layout, Role } from '../weights/layout.ts';
import { lengthOf, type SumTree } from '../fold/sum-tree.ts';
import { assert } from '../errors/assert.ts';
import { plainArithmetic, type VectorArithmetic } from './vector-arithmetic.ts';
import type { AdamOptions } from './adam.ts';
import { updateStateEntries } from './state-entries.ts';

/**
 * Weights and optimizer state of a network. All vectors have the network's layout.
 *
 * @category A training step
 */
export interface NetworkState {
  readonly weights: Float32Array;
  /** Adam's m and v, in the weights' layout; zero in entries whose role is `state`. */
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
  /** beta1^updates and beta2^updates, computed as products. */
  readonly beta1Power: number;
  readonly beta2Power: number;
  /** How many updates the weights have had: the version of the weights. */
  readonly updates: number;
}

/**
 * Returns the state of a network before its first update.
 *
 * @category A training step
 */
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
 * A network after an update, and whether its weights are all finite.
 *
 * @category A training step
 */
export interface NetworkUpdate {
  readonly state: NetworkState;
  readonly isFinite: boolean;
}

/**
 * The network after one update with the mean contribution of a batch: Adam on parameters, and the new state entries.
 * @param contributionSum the sum of the contributions of `shardCount` shards
 * @param arithmetic replaces the arithmetic in TypeScript, and must give the same bits
 * @category A training step
 */
export function updateNetwork(
  layout: Layout,
  state: NetworkState,
  contributionSum: SumTree,
  shardCount: number,
  options: AdamOptions,
  {
    allocate,
    allocateOutgoing,
    adam,
  }: Pick<VectorArithmetic, 'allocate' | 'allocateOutgoing' | 'adam'> = plainArithmetic,
): NetworkUpdate {
  const floats = lengthOf(contributionSum);
  assert(floats === layout.size, `a contribution has ${layout.size} floats, got ${floats}`);
  const next: NetworkState = {
    weights: allocateOutgoing(layout.size),
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
  let isFinite = true;
  updateStateEntries(layout, state.weights, contributionSum, shardCount, next.weights);
  for (const { role, range } of stretchesOf(layout)) {
    if (role === 'trainable') {
      isFinite = adam(vectors, range, shardCount, options, next.beta1Power, next.beta2Power) && isFinite;
    } else {
      next.firstMoments.fill(0, ...range);
      next.secondMoments.fill(0, ...range);
      isFinite = isFiniteVector(next.weights.subarray(...range)) && isFinite;
    }
  }
  return { state: next, isFinite };
}

interface Stretch {
  readonly role: Role;
  range: [number, number];
}

/**
 * Joins neighbouring entries of the same role into one range. Adam updates one long range faster than many short ones.
 */
function stretchesOf({ entries }: Layout): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { role, offset, size } of entries) {
    const last = stretches.at(-1);
    if (last?.role === role && last.range[1] === offset) last.range = [last.range[0], offset + size];
    else stretches.push({ role, range: [offset, offset + size] });
  }
  return stretches;
}
