/**
 * The memory of arrays that arrive or are sent. The engine provides memory that is used again and that other processes
 * can read.
 */
import type { BlockReference } from './block-reference.ts';

/** Memory that processes of this machine share. */
export interface Sharing {
  /** Returns a vector that can be lent. Undefined if it would be small, or if there are no more blocks. */
  readonly allocate: (length: number) => Float32Array | undefined;
  /** A reference to the array; undefined if it does not lie in a block. */
  readonly lend: (array: Float32Array) => BlockReference | undefined;
  /**
   * Ends a loan of a block. `reusable` is true if the borrower has released the block, and false if the borrower is
   * gone and may still be reading it.
   */
  readonly takeBack: (name: string, reusable: boolean) => void;
  /** A vector of another process, for reading only; throws an Error if the block is not there or of another length. */
  readonly borrow: (reference: BlockReference, length: number, onRelease: () => void) => Float32Array;
  /** Says that a process is gone: each block that was borrowed from it is unmapped as soon as the block is released. */
  readonly forget: (pid: number) => void;
  /** Gives back an array's memory. */
  readonly release: (array: Float32Array) => void;
}

/** Gives a reference to send instead of an array's bytes, if the receiver can read the array where it lies. */
export type Lend = (array: Float32Array) => BlockReference | undefined;

/** The array that a reference points to; throws a ProtocolError if it is not there. */
export type Borrow = (reference: BlockReference, length: number) => Float32Array;

/** Where arriving floats are put, and who takes back the memory of arrays that are used up. */
export interface Memory {
  /** A vector whose contents may be anything. */
  readonly allocate: (length: number) => Float32Array;
  /** Gives back the memory of an array that nothing uses any more. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  /**
   * Memory that other processes of this machine can read, if there is any. Called for each use, because the memory may
   * exist only later.
   */
  readonly sharing?: () => Sharing | undefined;
}

/** Plain arrays, which the garbage collector takes back. */
export const plainMemory: Memory = { allocate: (length) => new Float32Array(length), release: () => undefined };
