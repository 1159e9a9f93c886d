import type { SessionFeed } from './addon.ts';

/** V8 keeps the contents of a typed array in its own heap if the contents have at most this many bytes. */
const heapBytes = 64;
/** Number of bytes reserved for each copy. */
const placeBytes = 2 * heapBytes;
/**
 * Each copy starts this many bytes after a multiple of 16, so that it is never aligned to 64 bytes (an ArrayBuffer
 * starts at a multiple of 16). The addon reads aligned data in place, and copies other data before it returns. The
 * addon must not read our copies later, because the next run overwrites them.
 */
const misaligned = 8;
const copies = new ArrayBuffer(32 * placeBytes);

/**
 * Returns the feeds. Arrays in V8's heap are replaced by copies outside the heap, if they are among the first 32 feeds.
 * Without the copies, V8 would allocate memory for each such array when native code reads it. In a process that has
 * made large vectors, these allocations started three to seven garbage collections a step.
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
