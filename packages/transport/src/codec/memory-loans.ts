/**
 * The memory that the two ends of a connection lend each other, if both are processes of one machine. An array that
 * lies in a block that the other end can read travels as a reference in the header, and no byte of it is copied. Each
 * end first offers one block as a test. An end sends references only after the other end has read the test block. Until
 * then, and if the other end cannot read that block, arrays travel as bytes. This file only keeps books: it uses no
 * sockets, and `sharing` manages the memory.
 *
 *   M reference (read this, to try) | Y (I have read it) | N (I cannot) | F names (I have released these)
 *
 * A block is used again when every borrower has given it back. If the connection ends before that, the block is never
 * used again: the process at the other end may still be reading it.
 */
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { blockName, packReference, referenceSchema, type BlockReference } from './block-reference.ts';
import type { MemoryFrame } from './frame.ts';
import type { Borrow, Lend, Sharing } from './memory.ts';
import { ProtocolError } from './protocol-error.ts';

/** What the two ends of a connection lend each other. */
export interface MemoryLoans {
  /**
   * Offers the test block to the other end, if there is memory to share. Does nothing if a block was already offered.
   */
  readonly offer: () => void;
  readonly lend: Lend;
  readonly borrow: Borrow;
  /** Takes a frame about memory. Throws a ProtocolError if the frame is malformed or may not come now. */
  readonly accept: (kind: string, bytes: Uint8Array) => void;
  /** Ends all loans, because the other end is gone. */
  readonly close: () => void;
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

/**
 * Number of floats in the block with which the two ends of a connection test whether they can share memory. No block is
 * smaller.
 */
const triedFloats = 1 << 14;
const nothing = new Uint8Array(0);

/** How an end shares memory. */
export interface MemoryLoansOptions {
  /**
   * Returns the memory to share. It is called at each use of the memory, because a worker has none before its engine is
   * started.
   */
  readonly sharing: () => Sharing | undefined;
  readonly push: (frame: MemoryFrame) => void;
  /** Called if the other end answers that it cannot read this process's memory. */
  readonly onRefused?: (sentence: string) => void;
}

type AskForMemory = MemoryLoansOptions['sharing'];

/** Counts, for each block, the loans that the other end has not given back. */
function createLent(sharing: AskForMemory) {
  const counts = new Map<string, number>();
  const takeBack = (name: string, reusable: boolean): void => {
    const count = counts.get(name);
    if (count === undefined) throw new ProtocolError(`The peer gave back ${name}, which it was not lent.`);
    if (count === 1) counts.delete(name);
    else counts.set(name, count - 1);
    sharing()?.takeBack(name, reusable);
  };
  return {
    lend(array: Float32Array): BlockReference | undefined {
      const reference = sharing()?.lend(array);
      if (reference !== undefined) counts.set(reference.name, (counts.get(reference.name) ?? 0) + 1);
      return reference;
    },
    takeBack: (name: string) => takeBack(name, true),
    /**
     * Ends all loans when the other end is gone. The process at that end may still read the blocks, so they are not
     * used again.
     */
    giveUp(): void {
      for (const [name, count] of [...counts]) for (let i = 0; i < count; i++) takeBack(name, false);
    },
  };
}

/** The blocks that this end has borrowed from the other one. */
function createBorrowed(sharing: AskForMemory, giveBack: (name: string) => void) {
  const pids = new Set<number>();
  return {
    borrow(reference: BlockReference, length: number): Float32Array {
      const memory = sharing();
      if (memory === undefined) throw new ProtocolError('An array came by reference, where no memory is shared.');
      try {
        pids.add(reference.pid);
        return memory.borrow(reference, length, () => giveBack(reference.name));
      } catch (error) {
        throw new ProtocolError(
          `An array came by reference, and is not there: ${(error as Error).message.slice(0, 200)}.`,
        );
      }
    },
    forget(): void {
      for (const pid of pids) sharing()?.forget(pid);
    },
  };
}

export function createMemoryLoans({ sharing, push, onRefused }: MemoryLoansOptions): MemoryLoans {
  let hasOffered = false;
  let otherEndCanRead = false;
  let isOpen = true;
  const lent = createLent(sharing);
  const borrowed = createBorrowed(sharing, (name) => {
    if (isOpen) push({ kind: 'F', bytes: packr.pack([name]) });
  });

  const offer = (): void => {
    if (hasOffered || sharing() === undefined) return;
    hasOffered = true;
    const tried = sharing()?.allocate(triedFloats);
    if (tried === undefined) return;
    const reference = lent.lend(tried);
    sharing()?.release(tried);
    if (reference !== undefined) push({ kind: 'M', bytes: packr.pack(packReference(reference)) });
  };

  /** Tries to read the block that the other end offers, answers Y or N, and offers a block in return. */
  const tryToRead = (reference: BlockReference): void => {
    let answer: 'Y' | 'N' = 'Y';
    try {
      const array = borrowed.borrow(reference, triedFloats);
      sharing()?.release(array);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      answer = 'N';
    }
    push({ kind: answer, bytes: nothing });
    offer();
  };

  return {
    offer,
    lend: (array) => (otherEndCanRead ? lent.lend(array) : undefined),
    borrow: borrowed.borrow,
    accept(kind, bytes) {
      if (kind === 'M') return tryToRead(read(bytes, referenceSchema));
      if (kind === 'F') {
        for (const name of read(bytes, z.array(blockName).max(1024))) lent.takeBack(name);
        return;
      }
      if (!hasOffered || bytes.length > 0) throw new ProtocolError(`A frame ${kind} came, and nothing was offered.`);
      if (kind === 'Y') otherEndCanRead = true;
      else
        onRefused?.(
          'A process of this machine cannot read the memory of another one: arrays are copied, which takes longer.',
        );
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      lent.giveUp();
      borrowed.forget();
    },
  };
}

function read<T>(bytes: Uint8Array, schema: z.ZodType<T>): T {
  if (bytes.length > 1 << 16)
    throw new ProtocolError(`A frame about memory has at most 65536 bytes; got ${bytes.length}.`);
  try {
    return schema.parse(packr.unpack(bytes));
  } catch {
    throw new ProtocolError('A frame about memory is malformed.');
  }
}
