import { accumulateShards } from '../fold/accumulate-shards.ts';
import type { ShardRange } from '../fold/shard-tree.ts';
import type { VectorArithmetic } from '../optimizer/vector-arithmetic.ts';
import { NotFiniteSumError } from '../step/accumulation.ts';
import type { FinishShard, NetworkWeights, RealImages } from './compute-shard.ts';
import { NotFiniteError } from './not-finite-error.ts';

/** The losses of one shard: each is the mean over the shard's images. */
export interface LossOfShard {
  readonly shard: number;
  /** Without the penalty. */
  readonly loss: number;
  /** The regularizer's part of the loss; 0 without a regularizer. */
  readonly penalty: number;
}

/** The sum of a subtree of shards, in the layout of the phase's network, and the losses of the shards, in order. */
export interface SubtreeResult {
  readonly sum: Float32Array;
  readonly losses: readonly LossOfShard[];
}

/**
 * Computes the shards of a subtree, one after the other. The last unit of a shard adds the shard's gradient to the sums
 * that this gradient completes. Rejects with a NotFiniteError if a loss or a sum is not finite.
 * @param start starts a shard, or returns it if it was started before
 */
export async function computeSubtree(
  subtree: ShardRange,
  weights: NetworkWeights,
  images: RealImages,
  start: (shard: number) => Promise<FinishShard>,
  { release }: Pick<VectorArithmetic, 'release'>,
): Promise<SubtreeResult> {
  const losses: LossOfShard[] = [];
  const compute = async (shard: number, onto: readonly Float32Array[]): Promise<Float32Array> => {
    const finish = await start(shard);
    const { sum, loss, penalty } = await finish(weights, images, onto).catch((error: unknown) => {
      if (!(error instanceof NotFiniteSumError)) throw error;
      throw new NotFiniteError(shard, onto.length === 0 ? 'The gradient' : 'The gradient (or the sum with it)');
    });
    if (!Number.isFinite(loss + penalty)) throw new NotFiniteError(shard, 'The loss');
    losses.push({ shard, loss, penalty });
    return sum;
  };
  return { sum: await accumulateShards(subtree, compute, release), losses };
}
