import type { ShardRange } from '@lstm-gan/core/fold';
import type { ReadShards, ShardImages } from '@lstm-gan/data';

/**
 * Returns the same images as `readShards`. It reads the next batch as soon as this thread has nothing else to do. At
 * that time workers compute. Without reading ahead, the workers would wait for the next batch.
 */
export function createReadAhead(readShards: ReadShards, shardCount: number): ReadShards {
  const whole: readonly ShardRange[] = [{ start: 0, end: shardCount }];
  const batches = new Map<number, ShardImages>();
  let last = 0;

  const prepare = (batch: number): void => {
    // The work of one phase may have images of two batches, which are asked for in turn, once for each worker.
    for (const known of batches.keys()) if (known < batch - 2 || known > batch + 1) batches.delete(known);
    try {
      if (!batches.has(batch)) batches.set(batch, readShards(batch, whole));
    } catch {
      // Nothing to do: when the caller asks for this batch, it is read again, and the caller gets the error.
    }
  };

  return (batch, ranges) => {
    if (batch !== last) setImmediate(prepare, batch + 1);
    last = batch;
    const known = batches.get(batch);
    return known === undefined ? readShards(batch, ranges) : cut(known, ranges, shardCount);
  };
}

/** The images of some ranges, in their order. For one range, the pixels are a view; those of several ranges are copied. */
function cut({ images, labels }: ShardImages, ranges: readonly ShardRange[], shardCount: number): ShardImages {
  const [shardBytes, shardLabels] = [images.length / shardCount, labels.length / shardCount];
  const parts = ranges.map(({ start, end }) => images.subarray(start * shardBytes, end * shardBytes));
  return {
    images: parts.length === 1 ? parts[0] : Buffer.concat(parts),
    labels: ranges.flatMap(({ start, end }) => labels.slice(start * shardLabels, end * shardLabels)),
  };
}
