import type { SessionFeed } from './addon.ts';

/** V8 keeps the contents of a typed array in its own heap if they have at most this many bytes. */
const heapBytes = 64;
/** Number of bytes reserved for each copy. */
const placeBytes = 2 * heapBytes;
/**
 * Each copy starts this many bytes after a multiple of 16, so that it is never aligned to 64 bytes (an ArrayBuffer
 * starts at a multiple of 16). The addon reads aligned data in place, and copies other data before it returns. It must
 * copy these copies, because the next run overwrites them.
 */
const misaligned = 8;
const copies = new ArrayBuffer(32 * placeBytes);

/**
 * Returns the feeds; those in V8's heap are copied out of it. Otherwise V8 would allocate memory for each of them when
 * native code reads it. In a process that has made large vectors, these allocations started three to seven garbage
 * collections a step.
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
