/** Divides a batch among workers by their measured speed, into subtrees: nodes of the summation tree. */
import { shardsOf, splitRange, type ShardRange } from '@lstm-gan/core/fold';

const lengthOf = ({ start, end }: ShardRange): number => end - start;

/** The number of shards in some subtrees. */
export function countShards(subtrees: readonly ShardRange[]): number {
  return subtrees.reduce((sum, subtree) => sum + lengthOf(subtree), 0);
}

/**
 * Returns how many shards each worker should compute, so that the last worker is done as early as possible.
 * @param paces milliseconds that each worker takes for a shard; above 0
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

/**
 * Divides the shards of some subtrees, in order, into `pieces` of `counts` shards; `rest` gets the shards that are
 * left. Returns both as subtrees.
 */
export function cutSubtrees(
  subtrees: readonly ShardRange[],
  counts: readonly number[],
  shardCount: number,
): { pieces: ShardRange[][]; rest: ShardRange[] } {
  const shards = shardsOf(subtrees);
  const tree = { start: 0, end: shardCount };
  let taken = 0;
  const take = (count: number): ShardRange[] => {
    const piece = shards.slice(taken, taken + count);
    taken += count;
    return subtreesOf(new Set(piece), tree);
  };
  return { pieces: counts.map(take), rest: take(shards.length) };
}

/** Returns the smallest set of tree nodes that together contain exactly these shards. */
function subtreesOf(shards: ReadonlySet<number>, node: ShardRange): ShardRange[] {
  const isInside = shardsOf([node]).map((shard) => shards.has(shard));
  if (isInside.every(Boolean)) return [node];
  if (!isInside.some(Boolean)) return [];
  return splitRange(node).flatMap((half) => subtreesOf(shards, half));
}
