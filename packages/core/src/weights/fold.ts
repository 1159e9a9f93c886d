/**
 * The fold: the sum of the shards' contributions in the order that the tree fixes. Each addition is done in float64
 * and stored as float32, so whoever does it gets the same bits, and partial sums may arrive in any order.
 */
import { assert } from '../user-error.ts';
import { splitRange, type ShardRange } from './tree.ts';
import { plainArithmetic, type VectorArithmetic } from './vector-arithmetic.ts';

/** target += term, where it lies. */
export function accumulate(target: Float32Array, term: Float32Array): void {
  assert(target.length === term.length, `vectors of ${target.length} and ${term.length} floats cannot be added`);
  for (let i = 0; i < target.length; i++) target[i] += term[i];
}

/** What a fold needs of the arithmetic on vectors. */
export type FoldArithmetic = Pick<VectorArithmetic, 'accumulate' | 'release'>;

/**
 * Sums a range from the partial sums of subtrees that cover it, and uses these up; undefined while some are missing.
 * @param partial gives the sum of a subtree where it is known
 * @param arithmetic a faster one of the same bits, where there is one
 */
export function foldRange(
  range: ShardRange,
  partial: (range: ShardRange) => Float32Array | undefined,
  arithmetic: FoldArithmetic = plainArithmetic,
): Float32Array | undefined {
  const known = partial(range);
  if (known !== undefined || range.end - range.start < 2) return known;
  const [left, right] = splitRange(range);
  const leftSum = foldRange(left, partial, arithmetic);
  const rightSum = leftSum && foldRange(right, partial, arithmetic);
  return leftSum && rightSum && merge(leftSum, rightSum, arithmetic);
}

/** The sum of siblings, in the left one's memory. */
function merge(left: Float32Array, right: Float32Array, arithmetic: FoldArithmetic): Float32Array {
  arithmetic.accumulate(left, right);
  arithmetic.release(right);
  return left;
}

/** Collects partial sums in any order; siblings are added as soon as both are there, so memory stays small. */
export interface Fold {
  /** Adds the sum of a subtree that is not there yet, and uses it up. */
  add(range: ShardRange, sum: Float32Array): void;
  /** The whole sum, once every shard is in it. */
  total(): Float32Array | undefined;
}

/** A fold over shards [0, count). */
export function createFold(count: number, arithmetic: FoldArithmetic = plainArithmetic): Fold {
  const sums = new Map<string, Float32Array>();
  const keyOf = ({ start, end }: ShardRange) => `${start}-${end}`;
  const mergeWithin = (range: ShardRange): void => {
    if (sums.has(keyOf(range)) || range.end - range.start < 2) return;
    const [left, right] = splitRange(range);
    mergeWithin(left);
    mergeWithin(right);
    const leftSum = sums.get(keyOf(left));
    const rightSum = sums.get(keyOf(right));
    if (leftSum === undefined || rightSum === undefined) return;
    sums.set(keyOf(range), merge(leftSum, rightSum, arithmetic));
    sums.delete(keyOf(left));
    sums.delete(keyOf(right));
  };
  const whole = { start: 0, end: count };
  return {
    add(range, sum) {
      assert(!sums.has(keyOf(range)), `shards ${keyOf(range)} were added before`);
      sums.set(keyOf(range), sum);
      mergeWithin(whole);
    },
    total: () => sums.get(keyOf(whole)),
  };
}
