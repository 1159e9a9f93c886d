/**
 * One direction between two peers, as frames: a header, then its arrays in chunks that the receiver has granted. Frames
 * of a peer are put in order (flows.ts), so a chunk belongs to the header before it and needs no address. Pure state: sockets are
 * elsewhere.
 *
 *   H header | C bytes | G (one more chunk may come) | P (still there?) | B (goodbye: nothing more will come)
 *   M, Y, N, F are about memory that is shared: see shared-line.ts
 */
import { packedPartOf, unpackBfloat16 } from '@lstm-gan/core';
import type { Message } from '../protocol/messages.ts';
import {
  arrayBytes,
  encodeMessage,
  type AnnouncedArray,
  type DecodedHeader,
  type DecodeHeader,
  type Limits,
} from './codec.ts';
import { ProtocolError } from './protocol-error.ts';
import type { SharedLine, Sharing, SharingFrame } from './shared-line.ts';

export type Frame =
  { readonly kind: 'H' | 'C'; readonly bytes: Uint8Array } | SharingFrame | { readonly kind: 'G' | 'P' | 'B' };

export const chunkBytes = 2 * 1024 * 1024;
/** Chunks that may be under way before the receiver has answered: 16 MB, well below any high-water mark. */
export const initialCredit = 8;

/** What waits to be sent to one peer. */
export interface Outbox {
  add(message: Message): void;
  /** The next frame that may go out now, if any. @param mayBeChunk default true */
  next(mayBeChunk?: boolean): Frame | undefined;
  /** The receiver has taken a chunk. */
  grant(): void;
  isEmpty(): boolean;
  /** Whether chunks are on their way, as far as the receiver has said. */
  isUnderWay(): boolean;
  /** Forgets what has not gone out. */
  clear(): void;
}

/** @param line to a peer that may read arrays where they lie */
export function createOutbox(line?: Pick<SharedLine, 'lend'>): Outbox {
  const frames: Frame[] = [];
  let credit = initialCredit;
  return {
    add(message) {
      const { header, arrays } = encodeMessage(message, line?.lend);
      frames.push({ kind: 'H', bytes: header });
      for (const array of arrays) {
        for (let start = 0; start < array.byteLength; start += chunkBytes) {
          frames.push({ kind: 'C', bytes: array.subarray(start, start + chunkBytes) });
        }
      }
    },
    next(mayBeChunk = true) {
      const [frame] = frames;
      if (frame === undefined || (frame.kind === 'C' && (credit === 0 || !mayBeChunk))) return undefined;
      if (frame.kind === 'C') credit -= 1;
      return frames.shift();
    },
    grant() {
      credit = Math.min(initialCredit, credit + 1);
    },
    isEmpty: () => frames.length === 0,
    isUnderWay: () => credit < initialCredit,
    clear: () => void frames.splice(0),
  };
}

/** Puts one peer's frames together to messages. */
export interface Inbox<Received> {
  /** Takes an H or C frame; returns a message when it is whole. Throws a ProtocolError for what does not fit. */
  accept(kind: 'H' | 'C', bytes: Uint8Array): Received | undefined;
  /** Whether more of a message is to come. */
  isUnderWay(): boolean;
}

interface Assembly<Received> {
  readonly header: DecodedHeader<Received>;
  readonly arrays: readonly (Float32Array | Uint8Array)[];
  /** Where their bytes are put. */
  readonly buffers: Uint8Array[];
  /** Array being filled, and how far. */
  index: number;
  filled: number;
}

/** Where arriving floats are put, and what becomes of the frames that brought them. */
export interface Memory {
  /** A vector whose contents may be anything. */
  readonly allocate: (length: number) => Float32Array;
  /** Gives back the memory of an array that nobody holds. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  /** Where there is memory that other processes of this machine can read; asked for each time, for it may come later. */
  readonly sharing?: () => Sharing | undefined;
}

const plainMemory: Memory = { allocate: (length) => new Float32Array(length), release: () => undefined };

export function createInbox<Received>(
  decode: DecodeHeader<Received>,
  limits: Limits,
  memory: Memory = plainMemory,
  line?: Pick<SharedLine, 'borrow'>,
): Inbox<Received> {
  let assembly: Assembly<Received> | undefined;

  const finishIfWhole = (current: Assembly<Received>): Received | undefined => {
    const isFull = (): boolean =>
      current.header.arrays[current.index].reference !== undefined ||
      current.filled === current.buffers[current.index].length;
    while (current.index < current.buffers.length && isFull()) {
      current.index += 1;
      current.filled = 0;
    }
    if (current.index < current.buffers.length) return undefined;
    assembly = undefined;
    current.header.arrays.forEach(
      ({ type }, i) => type === 'bfloat16' && unpackBfloat16(current.arrays[i] as Float32Array),
    );
    return current.header.complete(current.arrays);
  };

  return {
    isUnderWay: () => assembly !== undefined,
    accept(kind, bytes) {
      if (kind === 'H') {
        if (assembly !== undefined)
          throw new ProtocolError('A header came before the arrays of the last one were complete.');
        const header = decode(bytes, limits);
        const arrays = header.arrays.map((array) => makeArray(array, memory, line));
        assembly = {
          header,
          arrays,
          buffers: header.arrays.map(({ type }, i) => bufferOf(type, arrays[i])),
          index: 0,
          filled: 0,
        };
        return finishIfWhole(assembly);
      }
      const buffer = assembly?.buffers[assembly.index];
      if (assembly === undefined || buffer === undefined) throw new ProtocolError('A chunk came without a header.');
      if (bytes.length === 0 || bytes.length > chunkBytes || assembly.filled + bytes.length > buffer.length) {
        throw new ProtocolError(
          `A chunk of ${bytes.length} bytes does not fit; ${buffer.length - assembly.filled} were missing.`,
        );
      }
      // The one copy on arrival: frames lie unaligned and in pieces.
      buffer.set(bytes, assembly.filled);
      assembly.filled += bytes.length;
      // A frame that is alone in its memory; left to the garbage collector, frames made it run in every step.
      if (bytes.byteLength === bytes.buffer.byteLength) memory.release(bytes);
      return finishIfWhole(assembly);
    },
  };
}

function makeArray(
  array: AnnouncedArray,
  { allocate }: Memory,
  line: Pick<SharedLine, 'borrow'> | undefined,
): Float32Array | Uint8Array {
  if (array.type === 'uint8') return new Uint8Array(arrayBytes(array));
  if (array.reference === undefined) return allocate(array.length);
  if (line === undefined)
    throw new ProtocolError('An array came by reference, over a link that leads to other machines.');
  return line.borrow(array.reference, array.length);
}

function bufferOf(type: AnnouncedArray['type'], array: Float32Array | Uint8Array): Uint8Array {
  return type === 'bfloat16'
    ? packedPartOf(array as Float32Array)
    : new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
