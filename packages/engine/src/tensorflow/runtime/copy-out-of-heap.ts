import type { SessionFeed } from './addon.ts';

/** V8 keeps the contents of a typed array in its own heap if they have at most this many bytes. */
const heapBytes = 64;
/** Number of bytes reserved for each copy. */
const placeBytes = 2 * heapBytes;
/**
 * The addon borrows data that is aligned to 64 bytes, and copies other data before it returns. The copies made here
 * must be copied, because the next run overwrites them. ArrayBuffers start at a multiple of 16, so 8 bytes later
 * nothing is aligned to 64.
 */
const misaligned = 8;
const copies = new ArrayBuffer(32 * placeBytes);

/**
 * The feeds, with those in V8's heap copied out of it. Otherwise V8 would allocate memory for each of them when native
 * code reads it. Where large vectors were made before, V8 collects garbage for that: three to seven times a step.
 */
export function copyOutOfHeap(feeds: readonly SessionFeed[]): SessionFeed[] {
  return feeds.map(({ name, data }, k) => {
    const start = k * placeBytes + misaligned;
    if (data.byteLength > heapBytes || start > copies.byteLength) return { name, data };
    const copy = new (data.constructor as Int32ArrayConstructor)(copies, start, data.length);
    copy.set(data);
    return { name, data: copy };
  });
}
