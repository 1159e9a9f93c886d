/**
 * One peer on this machine, and the memory that is shared with it: arrays that lie in blocks that it can read travel as a
 * reference in the header, and no byte of them is copied. Each end first offers a block to try; only where the other has
 * read it are references sent, everywhere else arrays travel as bytes. Pure bookkeeping: memory and sockets are elsewhere.
 *
 *   M reference (read this, to try) | Y (I have) | N (I cannot) | F names (I have released these)
 *
 * A block is used again when every borrower has given it back; one that was lent to a peer that left never is, because the
 * peer may still be reading.
 */
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { ProtocolError } from './protocol-error.ts';

/** Where a process of this machine finds a block of another one. */
export interface BlockReference {
  readonly pid: number;
  readonly fd: number;
  /** No other block has had it. */
  readonly name: string;
}

/** Memory that processes of this machine share. */
export interface Sharing {
  /** A vector that can be lent; undefined for a small one, and where there are no more blocks. */
  readonly allocate: (length: number) => Float32Array | undefined;
  /** Undefined for an array that lies elsewhere. */
  readonly lend: (array: Float32Array) => BlockReference | undefined;
  /** A borrower is done with a block (`reusable`), or gone with it. */
  readonly takeBack: (name: string, reusable: boolean) => void;
  /** A peer's vector, to be read only; throws an Error where it is not what it should be. */
  readonly borrow: (reference: BlockReference, length: number, onRelease: () => void) => Float32Array;
  /** What was borrowed of a process that is gone is unmapped once it is released. */
  readonly forget: (pid: number) => void;
  /** Lets go of an array's memory. */
  readonly release: (array: Float32Array) => void;
}

export type SharingFrame = { readonly kind: 'M' | 'Y' | 'N' | 'F'; readonly bytes: Uint8Array };

/** Whether a frame is for a SharedLine. */
export function isAboutMemory(kind: string): boolean {
  return /^[MYNF]$/.test(kind);
}

/** What is shared with one peer. */
export interface SharedLine {
  /** Offers memory to the peer, once, where there is any. */
  offer(): void;
  /** A reference to send instead of the array's bytes. */
  lend(array: Float32Array): BlockReference | undefined;
  /** The array behind a reference that came. */
  borrow(reference: BlockReference, length: number): Float32Array;
  /** Takes a frame about memory; throws a ProtocolError for what does not fit. */
  accept(kind: string, bytes: Uint8Array): void;
  /** The peer is gone. */
  close(): void;
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

const identifier = z
  .number()
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);
const blockName = z.string().regex(/^lstm-gan-[0-9a-f]{16}-\d{1,15}$/);

/** A reference as it travels. */
export const referenceSchema = z
  .tuple([identifier, identifier, blockName])
  .transform(([pid, fd, name]): BlockReference => ({ pid, fd, name }));

export const packReference = ({ pid, fd, name }: BlockReference) => [pid, fd, name] as const;

/** Floats of the block that is tried: the smallest that memory lends. */
const triedFloats = 1 << 14;
const nothing = new Uint8Array(0);

/** How an end shares memory. */
export interface SharedLineOptions {
  /** Asked each time: a worker has memory to share only once its engine is there. */
  readonly sharing: () => Sharing | undefined;
  readonly push: (frame: SharingFrame) => void;
  /** Told once that the peer cannot read this process's memory. */
  readonly onRefused?: (sentence: string) => void;
}

type AskForMemory = SharedLineOptions['sharing'];

/** What the peer was lent and has not given back, and how often. */
function createLoans(sharing: AskForMemory) {
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
    /** Of a peer that is gone; it may still be reading. */
    giveUp(): void {
      for (const [name, count] of [...counts]) for (let i = 0; i < count; i++) takeBack(name, false);
    },
  };
}

/** What is borrowed of the peer; throws a ProtocolError for what is not there. */
function createBorrowings(sharing: AskForMemory, giveBack: (name: string) => void) {
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

export function createSharedLine({ sharing, push, onRefused }: SharedLineOptions): SharedLine {
  let offered = false;
  let isRead = false;
  let open = true;
  const loans = createLoans(sharing);
  const borrowings = createBorrowings(sharing, (name) => {
    if (open) push({ kind: 'F', bytes: packr.pack([name]) });
  });

  const offer = (): void => {
    if (offered || sharing() === undefined) return;
    offered = true;
    const tried = sharing()?.allocate(triedFloats);
    if (tried === undefined) return;
    const reference = loans.lend(tried);
    sharing()?.release(tried);
    if (reference !== undefined) push({ kind: 'M', bytes: packr.pack(packReference(reference)) });
  };
  /** Tries what the peer offers, and offers memory in return. */
  const tryToRead = (reference: BlockReference): void => {
    let answer: 'Y' | 'N' = 'Y';
    try {
      const array = borrowings.borrow(reference, triedFloats);
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
    lend: (array) => (isRead ? loans.lend(array) : undefined),
    borrow: borrowings.borrow,
    accept(kind, bytes) {
      if (kind === 'M') tryToRead(read(bytes, referenceSchema));
      else if (kind === 'F') for (const name of read(bytes, z.array(blockName).max(1024))) loans.takeBack(name);
      else if (!offered || bytes.length > 0) throw new ProtocolError(`A frame ${kind} came, and nothing was offered.`);
      else if (kind === 'Y') isRead = true;
      else
        onRefused?.(
          'A process of this machine cannot read the memory of another one: arrays are copied, which takes longer.',
        );
    },
    close() {
      if (!open) return;
      open = false;
      loans.giveUp();
      borrowings.forget();
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
