import { packedPartOf, unpackBfloat16 } from '@lstm-gan/core/weights';
import { arrayBytes, type AnnouncedArray, type DecodedHeader, type DecodeHeader, type Limits } from './codec.ts';
import { chunkBytes } from './frame.ts';
import { plainMemory, type Borrow, type Memory } from './memory.ts';
import { ProtocolError } from './protocol-error.ts';

/** Assembles the messages of a connection from their frames. */
export interface Inbox<Received> {
  /**
   * Takes an H or C frame. Returns the message if this frame completes it. Throws a ProtocolError for a frame that may
   * not come next.
   */
  accept(kind: 'H' | 'C', bytes: Uint8Array): Received | undefined;
  /** Whether a message has begun to arrive and is not complete. */
  isUnderWay(): boolean;
}

interface Assembly<Received> {
  readonly header: DecodedHeader<Received>;
  readonly arrays: readonly (Float32Array | Uint8Array)[];
  /** For each array, the bytes that arriving chunks are copied into. */
  readonly buffers: Uint8Array[];
  /** The number of the array that is being filled, and how many of its bytes have arrived. */
  index: number;
  filled: number;
}

/** @param borrow reads arrays that came by reference; undefined if the other end is on another machine */
export function createInbox<Received>(
  decode: DecodeHeader<Received>,
  limits: Limits,
  memory: Memory = plainMemory,
  borrow?: Borrow,
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
        const arrays = header.arrays.map((array) => makeArray(array, memory, borrow));
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
      // Arriving bytes are copied only here. The copy is needed, because the bytes of a frame are unaligned and are
      // only a part of an array.
      buffer.set(bytes, assembly.filled);
      assembly.filled += bytes.length;
      // The frame can be released if no other frame shares its memory. If frames were left to the garbage collector, it
      // would run in each step.
      if (bytes.byteLength === bytes.buffer.byteLength) memory.release(bytes);
      return finishIfWhole(assembly);
    },
  };
}

function makeArray(array: AnnouncedArray, { allocate }: Memory, borrow: Borrow | undefined): Float32Array | Uint8Array {
  if (array.type === 'uint8') return new Uint8Array(arrayBytes(array));
  if (array.reference === undefined) return allocate(array.length);
  if (borrow === undefined)
    throw new ProtocolError('An array came by reference, over a connection to another machine.');
  return borrow(array.reference, array.length);
}

function bufferOf(type: AnnouncedArray['type'], array: Float32Array | Uint8Array): Uint8Array {
  return type === 'bfloat16'
    ? packedPartOf(array as Float32Array)
    : new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
