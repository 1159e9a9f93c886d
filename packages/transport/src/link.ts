import type { CoordinatorMessage, PeerMessage, WorkerMessage } from './protocol/messages.ts';
import type { CrewMember } from './protocol/shared-fields.ts';

/**
 * Links carry messages between a coordinator and its workers. Messages of one peer arrive whole, once and in order, or
 * the peer leaves. Arrays given to `send` are never written again: a link may still be reading them. Arrays that arrive
 * belong to the receiver, and may lie where nobody can write: whoever has used one up releases it. Large arrays move
 * in chunks that the receiver has granted (credit), so a slow peer costs bounded memory and blocks nobody else.
 */

/** What a coordinator hears of its workers; or whoever listens, of those who connect. */
export type CoordinatorLinkEvent<Received = WorkerMessage> =
  | { readonly kind: 'message'; readonly peer: string; readonly message: Received }
  /** The peer is gone: it closed, died, stayed silent too long, or broke the protocol; the sentence says which. */
  | { readonly kind: 'left'; readonly peer: string; readonly sentence: string };

/** The coordinator's end, or whoever's listens: one link to all that connect. */
export interface CoordinatorLink<Received = WorkerMessage, Sent = CoordinatorMessage> {
  /** What a worker connects to, for example `tcp://127.0.0.1:4321`. */
  readonly address: string;
  /** Ends when the link is closed. One reader. */
  events(): AsyncIterable<CoordinatorLinkEvent<Received>>;
  /** Queues; a message to a peer that has left is dropped. */
  send(peer: string, message: Sent): void;
  /** Sends what is queued for the peer, then forgets it. */
  disconnect(peer: string): void;
  /** From now on the peer's program is to give a sign of life every `silenceMs`, or it is taken for lost. */
  watch(peer: string, silenceMs: number): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}

/** A link whose lines can be ended, also those of whoever does not want to go. */
export interface RenewableLink<Received = WorkerMessage, Sent = CoordinatorMessage> extends CoordinatorLink<
  Received,
  Sent
> {
  /** Ends all lines, and listens again at the same address: whoever may still join comes back. Everybody leaves, as an event. */
  renew(): Promise<void>;
}

/** What a worker hears of its coordinator; or whoever connects, of the one who listens. */
export type WorkerLinkEvent<Received = CoordinatorMessage> =
  | { readonly kind: 'message'; readonly message: Received }
  /** `refused`: trying again with the same keys is of no use. */
  | { readonly kind: 'closed'; readonly sentence: string; readonly refused?: boolean };

/** A worker's end, or whoever's connects. */
export interface WorkerLink<Received = CoordinatorMessage, Sent = WorkerMessage> {
  /** Ends after `closed`, or when this end is closed. One reader. */
  events(): AsyncIterable<WorkerLinkEvent<Received>>;
  /** Queues; after `closed` it is dropped. The arrays belong to the link from now on. */
  send(message: Sent): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}

/** What a worker hears of the others. */
export type PeerLinkEvent =
  | { readonly kind: 'message'; readonly message: PeerMessage }
  /** One of those it met cannot be reached, or no longer; the sentence says why. */
  | { readonly kind: 'unreachable'; readonly worker: string; readonly sentence: string };

/** A worker's end towards all other workers: it listens for them, and connects to each when there is something to say. */
export interface PeerLink {
  /** Where the others reach it. */
  readonly address: string;
  /** Of the key pair that it answers and connects with. */
  readonly publicKey: string;
  /** Ends when the link is closed. One reader. */
  events(): AsyncIterable<PeerLinkEvent>;
  /** From now on these are the others, and nobody else is let in. Lines to whoever is no longer one of them are closed. */
  meet(others: readonly CrewMember[]): void;
  /** Queues; a message to somebody who is not met, or is unreachable, is dropped. */
  send(worker: string, message: PeerMessage): void;
  /** Closes at once: what is still queued is of no use to anybody. A second call does nothing. */
  close(): Promise<void>;
}
