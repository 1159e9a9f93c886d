import { splitRange, type ShardRange } from './shard-tree.ts';

/**
 * Returns how many subtrees of two or more shards become complete when `shard` is added, if the shards of `range` are
 * added in order. Example: in [0, 4), shard 3 completes two subtrees, [2, 4) and [0, 4).
 */
function sumsCompleteWith(shard: number, range: ShardRange): number {
  if (range.end - range.start < 2) return 0;
  const [left, right] = splitRange(range);
  if (shard < left.end) return sumsCompleteWith(shard, left);
  return sumsCompleteWith(shard, right) + (shard === right.end - 1 ? 1 : 0);
}

/**
 * Resolves to the sum of a subtree, with the same bits as a fold of its shards. Computes the shards in order. `compute`
 * adds a shard's vector to the partial sums in `onto` while it writes the vector. A later pass would have to read
 * vectors that have left the caches.
 * @param compute resolves to `onto[0] + (onto[1] + (... + the shard's vector))`, each sum rounded to float32
 * @param release takes back a vector that was in `onto`, and so is contained in a later sum
 */
export async function accumulateShards(
  range: ShardRange,
  compute: (shard: number, onto: readonly Float32Array[]) => Promise<Float32Array>,
  release: (vector: Float32Array) => void,
): Promise<Float32Array> {
  const pending: Float32Array[] = [];
  for (let shard = range.start; shard < range.end; shard++) {
    const onto = pending.splice(pending.length - sumsCompleteWith(shard, range));
    pending.push(await compute(shard, onto));
    onto.forEach(release);
  }
  return pending[0];
}
