/**
 * The binary tree over the shards of a batch, which fixes the order in which their contributions are added. A range
 * of n shards splits at the largest power of two below n, so a subtree's inner shape depends on its length alone, and
 * whoever adds it gets the same bits: one worker, eight, or the coordinator.
 */
export interface ShardRange {
  /** First shard. */
  readonly start: number;
  /** One past the last shard. */
  readonly end: number;
}

/** The numbers of all shards of some ranges, in the order of the ranges. */
export function shardsOf(ranges: readonly ShardRange[]): number[] {
  return ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
}

/** The largest power of two below `count`; count is at least 2. */
export function splitPoint(count: number): number {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

/** The two halves of a range of at least two shards. */
export function splitRange({ start, end }: ShardRange): [ShardRange, ShardRange] {
  const middle = start + splitPoint(end - start);
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}

/** Whether a range is a node of the tree over shards [0, count). */
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

/** Cuts the tree over [0, count) into at least `parts` subtrees (or single shards), always halving the largest. */
export function cutTree(count: number, parts: number): ShardRange[] {
  const ranges: ShardRange[] = [{ start: 0, end: count }];
  while (ranges.length < Math.min(parts, count)) {
    let largest = 0;
    ranges.forEach((range, index) => {
      if (range.end - range.start > ranges[largest].end - ranges[largest].start) largest = index;
    });
    ranges.splice(largest, 1, ...splitRange(ranges[largest]));
  }
  return ranges;
}
