/**
 * Links carry messages between processes. A listening link has a connection to every process that connected to it. A
 * connecting link has one connection. The coordinator has a listening link, and each worker connects to it. In the
 * sliced exchange every worker also listens for the other workers and connects to them.
 *
 * Each message of a connection arrives whole, once, and in the order in which the messages were sent. If that is not
 * possible, the connection ends, and an event reports the end. `send` only queues a message: it never waits and never
 * fails. If the connection has ended, `send` drops the message, even if the event is still to come.
 *
 * Arrays given to `send` must never be written again, because a link may still be reading them. Arrays that arrive
 * belong to the receiver. They may lie in memory that cannot be written. The receiver releases each array when it no
 * longer needs the array.
 *
 * Large arrays travel in chunks of 2 MB. A sender has at most eight chunks of a connection under way: it sends the next
 * one when the receiver has taken one. The frames of all connections take turns. So a slow receiver slows down nobody
 * else. What is queued for a slow receiver stays in the sender's memory, without a limit. For example, a sender that
 * queues 25 MB ten times a second for a network of 100 MB/s needs 150 MB more memory each second. So a sender must wait
 * for an answer before it queues more.
 */
import type { CoordinatorMessage, PeerMessage, WorkerMessage } from './protocol/messages.ts';
import type { CrewMember } from './protocol/shared-fields.ts';

/** An event of a listening link. */
export type CoordinatorLinkEvent<Received = WorkerMessage> =
  | { readonly kind: 'message'; readonly connection: string; readonly message: Received }
  /**
   * The connection has ended, and `sentence` says why: the other end closed it, died, was silent too long, or broke the
   * protocol, or its key is no longer authorized.
   */
  | { readonly kind: 'left'; readonly connection: string; readonly sentence: string };

/**
 * A listening link. The coordinator's link has a connection to each worker. A worker's link has a connection from each
 * other worker that has sent messages to this worker.
 */
export interface CoordinatorLink<Received = WorkerMessage, Sent = CoordinatorMessage> {
  /** The address that the other ends connect to, for example `tcp://127.0.0.1:4321`. */
  readonly address: string;
  /** The iteration ends when the link is closed. Only one reader may iterate. */
  events(): AsyncIterable<CoordinatorLinkEvent<Received>>;
  /** Queues a message. Drops the message if the connection has ended. */
  send(connection: string, message: Sent): void;
  /** Sends what is queued for the connection, then ends the connection. No event reports that it has ended. */
  disconnect(connection: string): void;
  /** From now on the connection ends if the program at its other end gives no sign of life for `silenceMs`. */
  watch(connection: string, silenceMs: number): void;
  /**
   * Sends what is queued, for at most the link's option `lingerMs`, then closes the link. A second call does nothing.
   */
  close(): Promise<void>;
}

/** A listening link that knows the key of each connection that came over TCP. */
export interface KeyedLink<Received = WorkerMessage, Sent = CoordinatorMessage> extends CoordinatorLink<
  Received,
  Sent
> {
  /**
   * Ends the connections whose keys are to be dropped: tells their other ends so, sends and reads nothing more over
   * them, and reports each end as an event `left`. No other connection notices anything. What is sent already may still
   * arrive.
   */
  dropKeys(isDropped: (publicKey: string) => boolean): void;
}

/** An event of a connecting link. */
export type WorkerLinkEvent<Received = CoordinatorMessage> =
  | { readonly kind: 'message'; readonly message: Received }
  /**
   * The connection has ended, or was never made. `refused` is true if the other end refused the connection, for example
   * because of the keys: then trying again is useless.
   */
  | { readonly kind: 'closed'; readonly sentence: string; readonly refused?: boolean };

/** A connecting link: a worker's, to its coordinator or to another worker. */
export interface WorkerLink<Received = CoordinatorMessage, Sent = WorkerMessage> {
  /** The iteration ends after the event `closed`, or when this end closes the link. Only one reader may iterate. */
  events(): AsyncIterable<WorkerLinkEvent<Received>>;
  /**
   * Queues a message, even if the connection is not made yet. Drops the message if the link is closed. From now on the
   * message's arrays belong to the link.
   */
  send(message: Sent): void;
  /**
   * Sends what is queued, for at most the link's option `lingerMs`, then closes the link. A second call does nothing.
   */
  close(): Promise<void>;
}

/** An event of a peer link. */
export type PeerLinkEvent =
  | { readonly kind: 'message'; readonly message: PeerMessage }
  /** A peer could never be reached, or can no longer be reached; `sentence` says why. */
  | { readonly kind: 'unreachable'; readonly worker: string; readonly sentence: string };

/**
 * A worker's link to its peers, the other workers of the crew. It listens for connections from peers, and connects to a
 * peer when the first message to that peer is sent.
 */
export interface PeerLink {
  /** The address that the peers connect to. */
  readonly address: string;
  /** The public key of this end. Connections from peers and connections to peers use the same key pair. */
  readonly publicKey: string;
  /** The iteration ends when the link is closed. Only one reader may iterate. */
  events(): AsyncIterable<PeerLinkEvent>;
  /**
   * Replaces the list of peers, and closes the connections to former peers and from them. From now on, no worker that is
   * not in the list is let in or heard; over socket files, the kernel decides instead who connects.
   */
  meet(peers: readonly CrewMember[]): void;
  /** Queues a message. Drops the message if the worker is no peer, or is unreachable. */
  send(worker: string, message: PeerMessage): void;
  /**
   * Closes the link at once. Messages that are still queued are dropped: nobody needs them now. A second call does
   * nothing.
   */
  close(): Promise<void>;
}
