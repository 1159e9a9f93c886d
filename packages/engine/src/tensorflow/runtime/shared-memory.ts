/**
 * Vectors in shared memory: other processes of this machine read them without a copy, and this process reads theirs. A
 * block that was lent is not used for another vector before every borrower has given it back. A borrowed array is given
 * back when it is released, or when the garbage collector collects it.
 */
import type { MemoryAddon } from './addon.ts';

/** How a process of this machine opens a block of another process. */
export interface BlockReference {
  readonly pid: number;
  /** The block's file descriptor in that process. */
  readonly fd: number;
  /** The block's name. No other block has ever had it. */
  readonly name: string;
}

/** Lends blocks of this process, and borrows blocks of other processes. */
export interface SharedMemory {
  /**
   * A vector that can be lent. Undefined for a short vector, which is faster to copy, or if no block is available.
   */
  readonly allocate: (length: number) => Float32Array | undefined;
  /** Lends the block that an array fills. Undefined for an array in other memory. */
  readonly lend: (array: Float32Array) => BlockReference | undefined;
  /** Whether an array fills a block of this process. */
  readonly isOwn: (array: Float32Array) => boolean;
  /** Ends a loan. `reusable`: true if the borrower has given the block back; false if the borrower was lost. */
  readonly takeBack: (name: string, reusable: boolean) => void;
  /** A vector of another process, read-only. Throws an Error if there is no such block of this length. */
  readonly borrow: (reference: BlockReference, length: number, onRelease: () => void) => Float32Array;
  /**
   * Call this when a process has ended. The blocks of that process are unmapped when the arrays in them have been
   * released.
   */
  readonly forget: (pid: number) => void;
  /** Frees the memory of any array, borrowed or not. The array is empty afterwards. */
  readonly release: (array: Float32Array | Uint8Array) => void;
}

/** 64 KiB: a copy of a shorter vector costs less than the messages about its block. */
const leastFloats = 1 << 14;

export function createSharedMemory(addon: MemoryAddon): SharedMemory {
  const borrowed = new WeakMap<ArrayBufferLike, () => void>();
  const collected = new FinalizationRegistry((giveBack: () => void) => giveBack());
  return {
    allocate(length) {
      const buffer = length < leastFloats ? undefined : addon.allocateShared(length * 4);
      return buffer && new Float32Array(buffer);
    },
    lend(array) {
      const [fd, name] = addon.lend(array) ?? [];
      return fd === undefined || name === undefined ? undefined : { pid: process.pid, fd, name };
    },
    isOwn: (array) => addon.isShared(array),
    takeBack: (name, reusable) => addon.takeBack(name, reusable),
    borrow({ pid, fd, name }, length, onRelease) {
      const buffer = addon.attach(pid, fd, name, length * 4);
      borrowed.set(buffer, onRelease);
      collected.register(buffer, onRelease, buffer);
      return new Float32Array(buffer);
    },
    forget: (pid) => addon.forget(pid),
    release(array) {
      const { buffer } = array;
      addon.release(array);
      collected.unregister(buffer);
      borrowed.get(buffer)?.();
      borrowed.delete(buffer);
    },
  };
}
