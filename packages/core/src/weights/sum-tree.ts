/**
 * A sum that is still to be done: vectors of one length, and the order in which they are added. What reads a sum once, as
 * Adam does, adds while it reads, and the sum itself is never written down. Each addition is done in float64 and stored as
 * float32, so whoever does it gets the same bits.
 */
import { assert } from '../user-error.ts';

/** A vector, or the sum of two trees. */
export type SumTree = Float32Array | readonly [SumTree, SumTree];

/** The vectors of a tree, in its order. */
export function leavesOf(tree: SumTree): Float32Array[] {
  return tree instanceof Float32Array ? [tree] : [...leavesOf(tree[0]), ...leavesOf(tree[1])];
}

/** How many floats the sum has; asserts that all vectors have as many. */
export function lengthOf(tree: SumTree): number {
  const [{ length }, ...others] = leavesOf(tree);
  for (const other of others)
    assert(other.length === length, `vectors of ${length} and ${other.length} floats cannot be added`);
  return length;
}

/** One float of the sum. */
export function sumAt(tree: SumTree, index: number): number {
  return tree instanceof Float32Array ? tree[index] : Math.fround(sumAt(tree[0], index) + sumAt(tree[1], index));
}

/** Writes the sum, and says whether each of its floats is finite; `evaluateSum` is the definition, and others must give its bits. */
export type EvaluateSum = (tree: SumTree, target: Float32Array) => boolean;

/** Writes the sum, and says whether each of its floats is finite. The target may be one of the tree's vectors. */
export const evaluateSum: EvaluateSum = (tree, target) => {
  assert(lengthOf(tree) === target.length, `a sum of ${lengthOf(tree)} floats does not fit ${target.length}`);
  let finite = true;
  for (let i = 0; i < target.length; i++) {
    target[i] = sumAt(tree, i);
    finite &&= Number.isFinite(target[i]);
  }
  return finite;
};
