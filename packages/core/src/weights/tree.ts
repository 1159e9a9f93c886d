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
