/** How a batch is divided: by the measured speed of whoever computes, into ranges of shards that the tree has as nodes. */
import { splitRange, type ShardRange } from '@lstm-gan/core';

const lengthOf = ({ start, end }: ShardRange): number => end - start;

/** How many shards there are. */
export function countShards(ranges: readonly ShardRange[]): number {
  return ranges.reduce((sum, range) => sum + lengthOf(range), 0);
}

/**
 * How many shards each is to compute so that the last is done as early as can be.
 * @param paces milliseconds that each takes for a shard; above 0
 */
export function shareOut(count: number, paces: readonly number[]): number[] {
  const shares = paces.map((): number => 0);
  for (let shard = 0; shard < count; shard++) {
    let first = 0;
    for (let k = 1; k < paces.length; k++)
      if ((shares[k] + 1) * paces[k] < (shares[first] + 1) * paces[first]) first = k;
    shares[first] += 1;
  }
  return shares;
}

/** Cuts ranges, in their order, into pieces of so many shards; what is left over comes last. */
export function cutRanges(
  ranges: readonly ShardRange[],
  counts: readonly number[],
  shardCount: number,
): { pieces: ShardRange[][]; rest: ShardRange[] } {
  const shards = ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  let taken = 0;
  const take = (count: number): ShardRange[] =>
    nodesOf(new Set(shards.slice(taken, (taken += count))), { start: 0, end: shardCount });
  return { pieces: counts.map(take), rest: take(shards.length) };
}

/** The fewest nodes of the tree that make up some shards. */
function nodesOf(shards: ReadonlySet<number>, node: ShardRange): ShardRange[] {
  const inside = Array.from({ length: lengthOf(node) }, (_, k) => shards.has(node.start + k));
  if (inside.every(Boolean)) return [node];
  if (!inside.some(Boolean)) return [];
  return splitRange(node).flatMap((half) => nodesOf(shards, half));
}
