/**
 * The fold: the sum of the shards' contributions in the order that the tree over the shards fixes. Partial sums may arrive
 * in any order; they are put together to a sum that whoever reads it does, and done at once only where many would be kept.
 */
import { assert } from '../user-error.ts';
import { evaluateSum, leavesOf, type SumTree } from './sum-tree.ts';
import { splitRange, type ShardRange } from './tree.ts';
import { plainArithmetic, type VectorArithmetic } from './vector-arithmetic.ts';

/** target += term, where it lies. */
export function accumulate(target: Float32Array, term: Float32Array): void {
  evaluateSum([target, term], target);
}

/** What a fold needs of the arithmetic on vectors. */
export type FoldArithmetic = Pick<VectorArithmetic, 'evaluateSum' | 'allocate' | 'release'>;

/** Collects partial sums in any order. */
export interface Fold {
  /** Adds the sum of a subtree that is not there yet, and uses it up. */
  add(range: ShardRange, sum: SumTree): void;
  /** The whole sum, once every shard is in it. */
  total(): SumTree | undefined;
}

/** More vectors than that are not kept: siblings are added up as they come. */
const maxVectors = 8;

/**
 * A fold over the shards of a subtree.
 * @param arithmetic a faster one of the same bits, where there is one
 */
export function createFold(whole: ShardRange, arithmetic: FoldArithmetic = plainArithmetic): Fold {
  const sums = new Map<string, SumTree>();
  let vectors = 0;
  const keyOf = ({ start, end }: ShardRange) => `${start}-${end}`;
  const join = (left: SumTree, right: SumTree): SumTree => {
    const tree = [left, right] as const;
    if (vectors <= maxVectors) return tree;
    vectors -= leavesOf(tree).length - 1;
    return write(tree, arithmetic);
  };
  const joinWithin = (range: ShardRange): void => {
    if (sums.has(keyOf(range)) || range.end - range.start < 2) return;
    const [left, right] = splitRange(range);
    joinWithin(left);
    joinWithin(right);
    const [leftSum, rightSum] = [sums.get(keyOf(left)), sums.get(keyOf(right))];
    if (leftSum === undefined || rightSum === undefined) return;
    sums.delete(keyOf(left));
    sums.delete(keyOf(right));
    sums.set(keyOf(range), join(leftSum, rightSum));
  };
  return {
    add(range, sum) {
      assert(!sums.has(keyOf(range)), `shards ${keyOf(range)} were added before`);
      sums.set(keyOf(range), sum);
      vectors += leavesOf(sum).length;
      joinWithin(whole);
    },
    total: () => sums.get(keyOf(whole)),
  };
}

/** Does a sum now. What arrives may lie in a peer's memory, which is not to be written: the sum gets its own. */
function write(tree: SumTree, arithmetic: FoldArithmetic): Float32Array {
  const leaves = leavesOf(tree);
  const sum = arithmetic.allocate(leaves[0].length);
  arithmetic.evaluateSum(tree, sum);
  for (const leaf of leaves) arithmetic.release(leaf);
  return sum;
}
