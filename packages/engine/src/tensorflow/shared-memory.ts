/**
 * Vectors in memory that other processes of this machine read where they lie, and those that they let us read. A block
 * that was lent is not used again before every borrower has given it back; an array that was borrowed is given back when it
 * is released, or found by the garbage collector.
 */
import type { SessionAddon } from './session.ts';

/** Where a process of this machine finds a block of another one. */
export interface BlockReference {
  readonly pid: number;
  /** In that process. */
  readonly fd: number;
  /** No other block has had it. */
  readonly name: string;
}

/** Lends this process's blocks, and borrows other processes'. */
export interface SharedMemory {
  /** A vector that can be lent; undefined for a small one, which is sooner copied, and where there are no more blocks. */
  readonly allocate: (length: number) => Float32Array | undefined;
  /** Undefined for an array that lies elsewhere. */
  readonly lend: (array: Float32Array) => BlockReference | undefined;
  /** Whether an array is all of a block of this process. */
  readonly isOwn: (array: Float32Array) => boolean;
  /** A borrower is done with a block (`reusable`), or gone with it. */
  readonly takeBack: (name: string, reusable: boolean) => void;
  /** A peer's vector, to be read only; throws an Error where it is not what it should be. */
  readonly borrow: (reference: BlockReference, length: number, onRelease: () => void) => Float32Array;
  /** What was borrowed of a process that is gone is unmapped once it is released. */
  readonly forget: (pid: number) => void;
  /** Of any array: lets go of its memory. */
  readonly release: (array: Float32Array | Uint8Array) => void;
}

/** 64 KiB: below that a copy costs less than the messages about it. */
const leastFloats = 1 << 14;

type SharedAddon = Pick<
  SessionAddon,
  'allocateShared' | 'isShared' | 'lend' | 'takeBack' | 'attach' | 'forget' | 'release'
>;

export function createSharedMemory(addon: SharedAddon): SharedMemory {
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
