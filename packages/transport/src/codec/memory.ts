/**
 * Interfaces of the memory that received arrays and outgoing arrays lie in. The engine implements these interfaces with
 * memory that is reused and that other processes can read.
 */
import type { BlockReference } from './block-reference.ts';

/** Memory that processes of this machine share. */
export interface Sharing {
  /** Returns a vector that can be lent. Undefined if the vector would be short, or if no block is available. */
  readonly allocate: (length: number) => Float32Array | undefined;
  /**
   * Lends the block of an array, and returns a reference to the block. Undefined if the array does not lie in a block.
   */
  readonly lend: (array: Float32Array) => BlockReference | undefined;
  /**
   * Ends a loan of a block. `reusable` is true if the borrower has released the block, and false if the borrower is
   * gone and may still be reading it.
   */
  readonly takeBack: (name: string, reusable: boolean) => void;
  /**
   * Returns a vector of another process, for reading only, and calls `onRelease` when the vector is released. Throws an
   * Error if the block does not exist or does not have this length.
   */
  readonly borrow: (reference: BlockReference, length: number, onRelease: () => void) => Float32Array;
  /**
   * Says that a process is gone. Each block that was borrowed from the process is unmapped as soon as its array is
   * released.
   */
  readonly forget: (pid: number) => void;
  /** Frees the memory of an array. If the array is borrowed, calls its `onRelease`. */
  readonly release: (array: Float32Array) => void;
}

/**
 * Returns a reference to send instead of the array's bytes. Undefined if the receiver cannot read the array's memory.
 */
export type Lend = (array: Float32Array) => BlockReference | undefined;

/** Returns the array that a reference points to. Throws a ProtocolError if there is no such array. */
export type Borrow = (reference: BlockReference, length: number) => Float32Array;

/** Allocates memory for received floats, and takes back the memory of arrays that are no longer used. */
export interface Memory {
  /** Returns a vector with arbitrary contents. */
  readonly allocate: (length: number) => Float32Array;
  /** Gives back the memory of an array that nothing uses any more. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  /**
   * Returns the memory that other processes of this machine can read. Undefined if there is none yet: a worker gets
   * such memory when its engine starts. So the function is called again for each use.
   */
  readonly sharing?: () => Sharing | undefined;
}

/** Plain arrays, which the garbage collector takes back. */
export const plainMemory: Memory = { allocate: (length) => new Float32Array(length), release: () => undefined };
