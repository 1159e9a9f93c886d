/**
 * What travels on a connection: frames. A message is a header frame, then its arrays in chunk frames. The receiver
 * handles H, C and B frames in the order in which they were sent (flow-order.ts), so a chunk belongs to the header
 * before it and needs no address.
 *
 *   H header | C bytes | G (one more chunk may come) | P (ping, and its answer) | B (goodbye: nothing more will come)
 *   X (also a goodbye, but the last message is broken off; so X is handled at once, and waits for no chunk)
 *   R sentence (the listening end ends the connection as with X, and refuses another one with the same key)
 *   K bytes (over TCP, the first of the listening end: a challenge; then the answer, which proves a key: key-proof.ts)
 *   M, Y, N, F are about shared memory: see memory-loans.ts
 */

/** A frame about the memory that the two ends of a connection share. */
export type MemoryFrame = { readonly kind: 'M' | 'Y' | 'N' | 'F'; readonly bytes: Uint8Array };

export type Frame =
  | { readonly kind: 'H' | 'C' | 'K' | 'R'; readonly bytes: Uint8Array }
  | MemoryFrame
  | { readonly kind: 'G' | 'P' | 'B' | 'X' };

/** The most bytes that a chunk has. */
export const chunkBytes = 2 * 1024 * 1024;

/**
 * Number of chunks that may be under way before the receiver grants another one: 16 MB. The queues of the sockets have
 * room for many more.
 */
export const initialCredit = 8;

/** Whether a frame says that nothing more will come. */
export function isGoodbye(kind: string): boolean {
  return kind === 'B' || kind === 'X';
}

/** Whether a frame is about shared memory. */
export function isAboutMemory(kind: string): boolean {
  return /^[MYNF]$/.test(kind);
}
