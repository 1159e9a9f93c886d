/**
 * The order of frames on the flows of a connection. A connection has several flows, because one TCP connection with the
 * one thread that encrypts it seldom fills a fast network. Chunks go over all flows, round robin; all other frames go
 * over the first flow. So the receiver knows which flow brings the next frame, and no frame needs a number. This file
 * only keeps state: it uses no sockets.
 */
import { initialCredit } from './frame.ts';
import { ProtocolError } from './protocol-error.ts';

/** How many flows a connection can have. */
export const mostFlows = 8;

/**
 * Number of frames of the first flow that may wait for frames of other flows. A sender that keeps to the protocol never
 * has this many frames under way.
 */
const mostWaiting = 256;

/** The frames (H, C and B) that the receiver handles in the order in which they were sent. */
export type OrderedFrame = { readonly kind: 'H' | 'C'; readonly bytes: Uint8Array } | { readonly kind: 'B' };

/** Whether the receiver handles frames of this kind in the order in which they were sent. */
export function isOrdered(kind: string): kind is OrderedFrame['kind'] {
  return kind === 'H' || kind === 'C' || kind === 'B';
}

/** Says over which flow each frame is sent. */
export interface FlowChoice {
  /** Returns the number of the flow for a frame of this kind, and counts the frame as sent. */
  of(kind: string): number;
}

export function createFlowChoice(flowCount: number): FlowChoice {
  let chunks = 0;
  return { of: (kind) => (kind === 'C' ? chunks++ % flowCount : 0) };
}

/** Puts frames that arrive over several flows back into the order in which they were sent. */
export interface FlowOrder {
  /**
   * Takes a frame that a flow has brought. The frame waits here if a frame that was sent earlier, over another flow, is
   * still missing. Throws a ProtocolError if more frames of this flow wait than a sender may have under way.
   */
  put(flow: number, frame: OrderedFrame): void;
  /** @param isUnderWay whether the current message lacks chunks: if so, the next frame is a chunk */
  next(isUnderWay: boolean): OrderedFrame | undefined;
}

export function createFlowOrder(flowCount: number): FlowOrder {
  const waiting: OrderedFrame[][] = Array.from({ length: flowCount }, () => []);
  let chunks = 0;
  return {
    put(flow, frame) {
      waiting[flow].push(frame);
      const isTooMuch = waiting[flow].length > (flow === 0 ? mostWaiting : initialCredit);
      if (isTooMuch)
        throw new ProtocolError(
          `${waiting[flow].length} frames of flow ${flow} came before what was sent ahead of them.`,
        );
    },
    next(isUnderWay) {
      const frame = waiting[isUnderWay ? chunks % flowCount : 0].shift();
      if (frame?.kind === 'C') chunks += 1;
      return frame;
    },
  };
}
