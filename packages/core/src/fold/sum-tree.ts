/**
 * A sum that is not evaluated yet: vectors of the same length, and the order in which they are added. Code that reads a
 * sum only once, as Adam does, adds the vectors while it reads them, so the sum is never written to memory. Each
 * addition is done in float64 and rounded to float32, so every program that evaluates the sum gets the same bits.
 */
import { assert } from '../errors/assert.ts';

/** A vector, or the sum of two trees. */
export type SumTree = Float32Array | readonly [SumTree, SumTree];

/** The vectors of a tree, from left to right. */
export function leavesOf(tree: SumTree): Float32Array[] {
  return tree instanceof Float32Array ? [tree] : [...leavesOf(tree[0]), ...leavesOf(tree[1])];
}

/** How many floats the sum has. Asserts that all vectors of the tree have the same length. */
export function lengthOf(tree: SumTree): number {
  const [{ length }, ...others] = leavesOf(tree);
  for (const other of others) {
    assert(other.length === length, `vectors of ${length} and ${other.length} floats cannot be added`);
  }
  return length;
}

/** One float of the sum. */
export function sumAt(tree: SumTree, index: number): number {
  return tree instanceof Float32Array ? tree[index] : Math.fround(sumAt(tree[0], index) + sumAt(tree[1], index));
}

/**
 * Writes the sum of a tree into `target`, which may be one of the tree's vectors. Returns whether each float of the sum
 * is finite. The function `evaluateSum` defines the bits; other implementations must give the same bits.
 */
export type EvaluateSum = (tree: SumTree, target: Float32Array) => boolean;

/** Writes the sum of a tree into `target`. Returns whether each float of the sum is finite. */
export const evaluateSum: EvaluateSum = (tree, target) => {
  assert(lengthOf(tree) === target.length, `a sum of ${lengthOf(tree)} floats does not fit ${target.length}`);
  let finite = true;
  for (let i = 0; i < target.length; i++) {
    target[i] = sumAt(tree, i);
    finite &&= Number.isFinite(target[i]);
  }
  return finite;
};
