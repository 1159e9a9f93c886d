import type { CoordinatorMessage, WorkerMessage } from './protocol.ts';

/**
 * Links carry messages between a coordinator and its workers. Messages of one peer arrive whole, once and in order, or
 * the peer leaves. Arrays given to `send` are never written again: a link may still be reading them. Arrays that arrive
 * belong to the receiver. Large arrays move
 * in chunks that the receiver has granted (credit), so a slow peer costs bounded memory and blocks nobody else.
 */

/** What a coordinator hears of its workers. */
export type CoordinatorLinkEvent =
  | { readonly kind: 'message'; readonly peer: string; readonly message: WorkerMessage }
  /** The peer is gone: it closed, died, stayed silent too long, or broke the protocol; the sentence says which. */
  | { readonly kind: 'left'; readonly peer: string; readonly sentence: string };

/** The coordinator's end: one link to all workers. */
export interface CoordinatorLink {
  /** What a worker connects to, for example `tcp://127.0.0.1:4321`. */
  readonly address: string;
  /** Ends when the link is closed. One reader. */
  events(): AsyncIterable<CoordinatorLinkEvent>;
  /** Queues; a message to a peer that has left is dropped. */
  send(peer: string, message: CoordinatorMessage): void;
  /** Sends what is queued for the peer, then forgets it. */
  disconnect(peer: string): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}

/** What a worker hears of its coordinator. */
export type WorkerLinkEvent =
  | { readonly kind: 'message'; readonly message: CoordinatorMessage }
  /** `refused`: trying again with the same keys is of no use. */
  | { readonly kind: 'closed'; readonly sentence: string; readonly refused?: boolean };

/** A worker's end. */
export interface WorkerLink {
  /** Ends after `closed`, or when this end is closed. One reader. */
  events(): AsyncIterable<WorkerLinkEvent>;
  /** Queues; after `closed` it is dropped. */
  send(message: WorkerMessage): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}
