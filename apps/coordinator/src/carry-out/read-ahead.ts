import type { ShardRange } from '@lstm-gan/core/fold';
import type { ReadShards } from '@lstm-gan/data';

/**
 * Returns the same images as `readShards`. It reads the next batch as soon as this thread has nothing else to do. At
 * that time workers compute. Without reading ahead, the workers would wait for the next batch.
 */
export function createReadAhead(readShards: ReadShards, shardCount: number): ReadShards {
  const whole: readonly ShardRange[] = [{ start: 0, end: shardCount }];
  const batches = new Map<number, Uint8Array>();
  let last = 0;

  const prepare = (batch: number): void => {
    for (const known of batches.keys()) if (known !== last && known !== batch) batches.delete(known);
    try {
      if (!batches.has(batch)) batches.set(batch, readShards(batch, whole));
    } catch {
      // Nothing to do: when the caller asks for this batch, it is read again, and the caller gets the error.
    }
  };

  return (batch, ranges) => {
    if (batch !== last) setImmediate(prepare, batch + 1);
    last = batch;
    const images = batches.get(batch);
    return images === undefined ? readShards(batch, ranges) : cut(images, ranges, images.length / shardCount);
  };
}

/** The images of some ranges, in their order. For one range, returns a view; several ranges are copied. */
function cut(images: Uint8Array, ranges: readonly ShardRange[], shardBytes: number): Uint8Array {
  const parts = ranges.map(({ start, end }) => images.subarray(start * shardBytes, end * shardBytes));
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}
