/**
 * Adds the shards' contributions in the order of one fixed tree, so every run computes the same bits.
 *
 * @module fold
 * @category What lstm-gan itself uses
 */
export { accumulateShards } from './accumulate-shards.ts';
export { createFold, type Fold, type FoldArithmetic } from './fold.ts';
export { isSubtree, shardsOf, splitRange, type ShardRange } from './shard-tree.ts';
export { evaluateSum, leavesOf, lengthOf, type EvaluateSum, type SumTree } from './sum-tree.ts';
