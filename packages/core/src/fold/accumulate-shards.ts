import { splitRange, type ShardRange } from './shard-tree.ts';

/** How many sums of a subtree are complete with a shard, when its shards come in order: those in which it is the last. */
function sumsCompleteWith(shard: number, range: ShardRange): number {
  if (range.end - range.start < 2) return 0;
  const [left, right] = splitRange(range);
  if (shard < left.end) return sumsCompleteWith(shard, left);
  return sumsCompleteWith(shard, right) + (shard === right.end - 1 ? 1 : 0);
}

/**
 * The sum of a subtree whose shards are computed one after the other, each added to the sums that it completes while it is
 * written: the bits of a fold, without a pass of its own over vectors that have left the caches.
 * @param compute resolves to `onto[0] + (onto[1] + (... + the shard's vector))`, each sum rounded to float32
 * @param release gives back what was added to
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
