import type { Message } from '../protocol/messages.ts';
import { encodeMessage } from './codec.ts';
import { chunkBytes, initialCredit, type Frame } from './frame.ts';
import type { Lend } from './memory.ts';

/** Cuts messages into frames, and keeps the frames until they may be sent on a connection. */
export interface Outbox {
  add(message: Message): void;
  /**
   * Removes and returns the next frame that may be sent now. Undefined if there is none.
   * @param mayBeChunk whether the frame may be a chunk; default true
   */
  next(mayBeChunk?: boolean): Frame | undefined;
  /** Says that the receiver has taken a chunk, so one more chunk may be sent. */
  grant(): void;
  isEmpty(): boolean;
  /** Whether chunks were sent that the receiver has not taken yet. */
  isUnderWay(): boolean;
  /** Forgets all frames that were not sent. */
  clear(): void;
}

/** @param lend gives references to arrays that the receiver can read in shared memory */
export function createOutbox(lend?: Lend): Outbox {
  const frames: Frame[] = [];
  let credit = initialCredit;
  return {
    add(message) {
      const { header, arrays } = encodeMessage(message, lend);
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
