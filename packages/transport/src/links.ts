/**
 * Links carry messages between processes. A listening link has a connection to every process that connected to it; a
 * connecting link has one connection. A coordinator listens, its workers connect; in the sliced exchange every worker
 * does both, towards the other workers.
 *
 * The messages of a connection arrive whole, once and in the order in which they were sent, or the connection ends,
 * which is an event. `send` only queues: it never waits and never fails. A message whose connection has ended is
 * dropped; the event says so, earlier or later.
 *
 * Arrays given to `send` must never be written again, because a link may still be reading them. Arrays that arrive
 * belong to the receiver. They may lie in memory that cannot be written, and the receiver releases each one that it has
 * used up.
 *
 * Large arrays travel in chunks of 2 MB. At most eight chunks of a connection are under way that the receiver has not
 * taken yet, and the frames of all connections take turns. So a slow receiver slows down nobody else. What is queued
 * for a slow receiver stays in the sender's memory, without a limit. For example, a sender that queues 25 MB ten times
 * a second for a network of 100 MB/s needs 150 MB more memory each second. So a sender must wait for an answer before
 * it queues more.
 */
import type { CoordinatorMessage, PeerMessage, WorkerMessage } from './protocol/messages.ts';
import type { CrewMember } from './protocol/shared-fields.ts';

/** An event of a listening link. */
export type CoordinatorLinkEvent<Received = WorkerMessage> =
  | { readonly kind: 'message'; readonly connection: string; readonly message: Received }
  /** The other end closed the connection, died, was silent too long, or broke the protocol; the sentence says which. */
  | { readonly kind: 'left'; readonly connection: string; readonly sentence: string };

/**
 * A listening link: the coordinator's, with a connection to each worker, or a worker's, with one from each other
 * worker.
 */
export interface CoordinatorLink<Received = WorkerMessage, Sent = CoordinatorMessage> {
  /** What the other end connects to, for example `tcp://127.0.0.1:4321`. */
  readonly address: string;
  /** Ends when the link is closed. Only one reader may iterate. */
  events(): AsyncIterable<CoordinatorLinkEvent<Received>>;
  /** Queues a message; drops it if the connection has ended. */
  send(connection: string, message: Sent): void;
  /** Sends what is queued for the connection, then ends the connection. No event reports this end. */
  disconnect(connection: string): void;
  /** From now on the connection ends if the program at its other end gives no sign of life for `silenceMs`. */
  watch(connection: string, silenceMs: number): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}

/** A listening link that can end all its connections, even if the other ends would stay connected. */
export interface RenewableLink<Received = WorkerMessage, Sent = CoordinatorMessage> extends CoordinatorLink<
  Received,
  Sent
> {
  /**
   * Ends all connections, with an event each, and listens again at the same address. Processes whose keys are still
   * authorized can connect again.
   */
  renew(): Promise<void>;
}

/** An event of a connecting link. */
export type WorkerLinkEvent<Received = CoordinatorMessage> =
  | { readonly kind: 'message'; readonly message: Received }
  /**
   * The connection has ended, or was never made. `refused`: the other end refused the keys, so trying again is useless.
   */
  | { readonly kind: 'closed'; readonly sentence: string; readonly refused?: boolean };

/** A connecting link: a worker's, to its coordinator or to another worker. */
export interface WorkerLink<Received = CoordinatorMessage, Sent = WorkerMessage> {
  /** Ends after `closed`, or when this end is closed. Only one reader may iterate. */
  events(): AsyncIterable<WorkerLinkEvent<Received>>;
  /**
   * Queues a message, also before the connection is made; drops it after `closed`. From now on its arrays belong to the
   * link.
   */
  send(message: Sent): void;
  /** Sends what is queued (for at most `lingerMs`), then closes. A second call does nothing. */
  close(): Promise<void>;
}

/** An event of a peer link. */
export type PeerLinkEvent =
  | { readonly kind: 'message'; readonly message: PeerMessage }
  /** A peer cannot be reached, from the start or from now on; the sentence says why. */
  | { readonly kind: 'unreachable'; readonly worker: string; readonly sentence: string };

/**
 * A worker's link to its peers, the other workers of the crew. It listens for connections from peers, and connects to a
 * peer when the first message to that peer is sent.
 */
export interface PeerLink {
  /** What the peers connect to. */
  readonly address: string;
  /** The public half of the key pair of this end, for connections from peers and for connections to peers. */
  readonly publicKey: string;
  /** Ends when the link is closed. Only one reader may iterate. */
  events(): AsyncIterable<PeerLinkEvent>;
  /** From now on these are the peers, and no other worker is let in. Connections to former peers are closed. */
  meet(peers: readonly CrewMember[]): void;
  /** Queues a message; drops it if the worker is no peer, or is unreachable. */
  send(worker: string, message: PeerMessage): void;
  /** Closes at once: what is still queued is of no use any more. A second call does nothing. */
  close(): Promise<void>;
}
