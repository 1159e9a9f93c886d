/**
 * The fold: the sum of the shards' contributions, in the fixed order of the tree over the shards. Partial sums may
 * arrive in any order. The fold combines the sums of two sibling subtrees into a `SumTree` without adding them; the
 * reader of the whole sum does the additions. If the fold keeps too many vectors, the fold does the additions itself.
 */
import { assert } from '../errors/assert.ts';
import { evaluateSum, leavesOf, type EvaluateSum, type SumTree } from './sum-tree.ts';
import { splitRange, type ShardRange } from './shard-tree.ts';

/** The arithmetic on vectors that a fold needs. */
export interface FoldArithmetic {
  /** Returns a new vector with arbitrary contents. The caller must write every float. */
  readonly allocate: (length: number) => Float32Array;
  /** Takes back the memory of an array that is not used any more. Afterwards the length of the array may be 0. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  readonly evaluateSum: EvaluateSum;
}

/** Collects partial sums in any order. */
export interface Fold {
  /** Adds the sum of a subtree. The fold owns the sum from then on. Asserts that the subtree was not added before. */
  add(subtree: ShardRange, sum: SumTree): void;
  /** The sum of all shards; undefined while a shard is missing. */
  total(): SumTree | undefined;
}

/**
 * The most vectors that a fold keeps without adding. If there are more, the fold adds the sums of siblings itself and
 * does not leave these additions to the code that reads the whole sum.
 */
const maxVectors = 8;

/** The arithmetic in TypeScript. Every other implementation must give the same bits. */
const plainFoldArithmetic: FoldArithmetic = {
  allocate: (length) => new Float32Array(length),
  release: () => undefined,
  evaluateSum,
};

/**
 * A fold over the shards of a subtree.
 * @param arithmetic replaces the arithmetic in TypeScript, and must give the same bits
 */
export function createFold(whole: ShardRange, arithmetic: FoldArithmetic = plainFoldArithmetic): Fold {
  const sums = new Map<string, SumTree>();
  let vectors = 0;
  const keyOf = ({ start, end }: ShardRange) => `${start}-${end}`;

  const combine = (left: SumTree, right: SumTree): SumTree => {
    const sum = [left, right] as const;
    if (vectors <= maxVectors) return sum;
    vectors -= leavesOf(sum).length - 1;
    return evaluateAndRelease(sum, arithmetic);
  };

  /** Combines the sums of each two siblings within `subtree`, if both sums have arrived. */
  const combineWithin = (subtree: ShardRange): void => {
    if (sums.has(keyOf(subtree)) || subtree.end - subtree.start < 2) return;
    const [left, right] = splitRange(subtree);
    combineWithin(left);
    combineWithin(right);
    const leftSum = sums.get(keyOf(left));
    const rightSum = sums.get(keyOf(right));
    if (leftSum === undefined || rightSum === undefined) return;
    sums.delete(keyOf(left));
    sums.delete(keyOf(right));
    sums.set(keyOf(subtree), combine(leftSum, rightSum));
  };

  return {
    add(subtree, sum) {
      assert(!sums.has(keyOf(subtree)), `shards ${keyOf(subtree)} were added before`);
      sums.set(keyOf(subtree), sum);
      vectors += leavesOf(sum).length;
      combineWithin(whole);
    },
    total: () => sums.get(keyOf(whole)),
  };
}

/**
 * Returns a sum as a new vector, and releases the vectors of the tree. Never writes into the vectors of the tree: a
 * received vector may lie in another process's memory, which must not be written.
 */
function evaluateAndRelease(tree: SumTree, arithmetic: FoldArithmetic): Float32Array {
  const leaves = leavesOf(tree);
  const sum = arithmetic.allocate(leaves[0].length);
  arithmetic.evaluateSum(tree, sum);
  for (const leaf of leaves) arithmetic.release(leaf);
  return sum;
}
