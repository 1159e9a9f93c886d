/**
 * The binary tree over the shards of a batch. The tree fixes the order in which the shards' contributions are added.
 * A range of n shards splits at the largest power of two below n: [0, 6) into [0, 4) and [4, 6). So the shape of a
 * subtree depends only on its length, and every process that sums a subtree computes the same bits.
 */

/** The shards [start, end). A range that is a node of the tree is called a subtree. */
export interface ShardRange {
  /** First shard. */
  readonly start: number;
  /** One past the last shard. */
  readonly end: number;
}

/** The indices of all shards in the given ranges, in the order of the ranges. */
export function shardsOf(ranges: readonly ShardRange[]): number[] {
  return ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
}

/** The two halves of a subtree of at least two shards. */
export function splitRange({ start, end }: ShardRange): [ShardRange, ShardRange] {
  let half = 1;
  while (half * 2 < end - start) half *= 2;
  return [
    { start, end: start + half },
    { start: start + half, end },
  ];
}

/** Whether a range is a subtree of the tree over shards [0, count). */
export function isSubtree(range: ShardRange, count: number): boolean {
  let node: ShardRange = { start: 0, end: count };
  for (;;) {
    if (range.start === node.start && range.end === node.end) return true;
    if (node.end - node.start < 2) return false;
    const [left, right] = splitRange(node);
    if (range.start >= left.start && range.end <= left.end) node = left;
    else if (range.start >= right.start && range.end <= right.end) node = right;
    else return false;
  }
}
