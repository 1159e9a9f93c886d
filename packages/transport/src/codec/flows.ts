/**
 * Several flows between two peers: one connection, and the thread that encrypts it, seldom fills a fast network. The first flow
 * carries everything but chunks; these go over each flow in turn. So the receiver knows which flow brings the next frame, and no
 * frame needs a number. Pure state: sockets are elsewhere.
 */
import { ProtocolError } from './protocol-error.ts';
import { initialCredit } from './stream.ts';

/** How many flows a line can have. */
export const mostFlows = 8;

/** More headers than one that keeps to the protocol has under way. */
const mostWaiting = 256;

export type OrderedFrame = { readonly kind: 'H' | 'C'; readonly bytes: Uint8Array } | { readonly kind: 'B' };

/** Whether frames of a kind are kept in order among themselves. */
export function isOrdered(kind: string): kind is OrderedFrame['kind'] {
  return kind === 'H' || kind === 'C' || kind === 'B';
}

/** Which flow each frame is sent over. */
export interface FlowChoice {
  of(kind: string): number;
}

export function createFlowChoice(flowCount: number): FlowChoice {
  let chunks = 0;
  return { of: (kind) => (kind === 'C' ? chunks++ % flowCount : 0) };
}

/** Puts what several flows bring in the order in which it was sent. */
export interface FlowOrder {
  /** Throws a ProtocolError where more waits for what was sent before it than can be under way. */
  put(flow: number, frame: OrderedFrame): void;
  /** @param isUnderWay whether a message lacks chunks: then the next frame is one */
  next(isUnderWay: boolean): OrderedFrame | undefined;
}

export function createFlowOrder(flowCount: number): FlowOrder {
  const waiting: OrderedFrame[][] = Array.from({ length: flowCount }, () => []);
  let chunks = 0;
  return {
    put(flow, frame) {
      waiting[flow].push(frame);
      const isTooMuch = flow === 0 ? waiting[0].length > mostWaiting : waiting[flow].length > initialCredit;
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
