/**
 * The fold: the sum of the shards' contributions in the order that the tree fixes. Each addition is done in float64
 * and stored as float32, so whoever does it gets the same bits, and partial sums may arrive in any order.
 */
import { assert } from '../user-error.ts';
import { splitRange, type ShardRange } from './tree.ts';

export type VectorSum = (a: Float32Array, b: Float32Array) => Float32Array;

/** a + b, as a new vector: the terms may still be on the wire. */
export function addVectors(a: Float32Array, b: Float32Array): Float32Array {
  assert(a.length === b.length, `vectors of ${a.length} and ${b.length} floats cannot be added`);
  const sum = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i] + b[i];
  return sum;
}

/**
 * Sums a range from the partial sums of subtrees that cover it; undefined while some are missing.
 * @param partial gives the sum of a subtree where it is known
 * @param add a faster sum of the same bits, where there is one
 */
export function foldRange(
  range: ShardRange,
  partial: (range: ShardRange) => Float32Array | undefined,
  add: VectorSum = addVectors,
): Float32Array | undefined {
  const known = partial(range);
  if (known !== undefined || range.end - range.start < 2) return known;
  const [left, right] = splitRange(range);
  const leftSum = foldRange(left, partial, add);
  const rightSum = leftSum && foldRange(right, partial, add);
  return leftSum && rightSum && add(leftSum, rightSum);
}

/** Collects partial sums in any order; siblings are added as soon as both are there, so memory stays small. */
export interface Fold {
  /** Adds the sum of a subtree that is not there yet. */
  add(range: ShardRange, sum: Float32Array): void;
  /** The whole sum, once every shard is in it. */
  total(): Float32Array | undefined;
}

/** A fold over shards [0, count). */
export function createFold(count: number, add: VectorSum = addVectors): Fold {
  const sums = new Map<string, Float32Array>();
  const keyOf = ({ start, end }: ShardRange) => `${start}-${end}`;
  const merge = (range: ShardRange): void => {
    if (sums.has(keyOf(range)) || range.end - range.start < 2) return;
    const [left, right] = splitRange(range);
    merge(left);
    merge(right);
    const leftSum = sums.get(keyOf(left));
    const rightSum = sums.get(keyOf(right));
    if (leftSum === undefined || rightSum === undefined) return;
    sums.set(keyOf(range), add(leftSum, rightSum));
    sums.delete(keyOf(left));
    sums.delete(keyOf(right));
  };
  const whole = { start: 0, end: count };
  return {
    add(range, sum) {
      assert(!sums.has(keyOf(range)), `shards ${keyOf(range)} were added before`);
      sums.set(keyOf(range), sum);
      merge(whole);
    },
    total: () => sums.get(keyOf(whole)),
  };
}
