/** What the listening end knows about a connection. */
import { assert } from '@lstm-gan/core/errors';
import {
  createFlowChoice,
  createFlowOrder,
  isOrdered,
  type FlowChoice,
  type FlowOrder,
} from '../../codec/flow-order.ts';
import { isAboutMemory, isGoodbye, type Frame } from '../../codec/frame.ts';
import type { Inbox } from '../../codec/inbox.ts';
import type { MemoryLoans } from '../../codec/memory-loans.ts';
import type { Outbox } from '../../codec/outbox.ts';
import { ProtocolError } from '../../codec/protocol-error.ts';

/** A connection, as the end that listened for it sees it. */
export interface Connection<Received> {
  /** The routing id of each flow; undefined for a flow that has not sent anything yet. */
  readonly flows: (Buffer | undefined)[];
  /** Puts the frames that arrive over the flows in order. */
  readonly order: FlowOrder;
  /** Chooses the flow that a frame is sent over. */
  readonly choice: FlowChoice;
  readonly inbox: Inbox<Received>;
  readonly outbox: Outbox;
  /** Undefined if the other end may be on another machine. */
  readonly loans: MemoryLoans | undefined;
  /** Frames that are sent before those of the outbox. */
  readonly control: Frame[];
  /**
   * The challenge that the other end has not answered yet. Undefined once it has proved its key; undefined from the
   * beginning if no key is needed.
   */
  challenge: Uint8Array | undefined;
  /** The key that the other end has proved to have. */
  publicKey: string | undefined;
  /**
   * True once this end closes the connection: new messages are neither queued nor received. Messages that are queued
   * already are still sent, then a goodbye, which the other end answers. (`breakOff` does not send them.)
   */
  isLeaving: boolean;
  hasSaidGoodbye: boolean;
  /** Pings since the last frame from the other end. */
  unanswered: number;
  /** The largest recent value of `unanswered` when a frame came. Old values decay. */
  slowest: number;
  /**
   * The limit for `unanswered` if nothing slows the connection down. Infinity until the link's method `watch` sets a
   * limit: until then only libzmq watches the connection.
   */
  mayLeaveUnanswered: number;
}

/**
 * Creates a connection with `flowCount` flows. Called when the first frame of the connection has arrived.
 * @param challenge asks the other end to prove its key; undefined if no key is needed
 */
export function createConnection<Received>(
  parts: Pick<Connection<Received>, 'inbox' | 'outbox' | 'loans' | 'control'>,
  flowCount: number,
  challenge?: Uint8Array,
): Connection<Received> {
  if (challenge !== undefined) parts.control.push({ kind: 'K', bytes: challenge });
  return {
    ...parts,
    challenge,
    publicKey: undefined,
    flows: Array.from({ length: flowCount }, () => undefined),
    order: createFlowOrder(flowCount),
    choice: createFlowChoice(flowCount),
    isLeaving: false,
    hasSaidGoodbye: false,
    unanswered: 0,
    slowest: 0,
    mayLeaveUnanswered: Infinity,
  };
}

/** Counts a ping, and lets `slowest` decay: after 50 pings (5 s by default), it has about a third of its value. */
export function countPing(connection: Connection<unknown>): void {
  connection.unanswered += 1;
  connection.slowest *= 0.98;
}

/** Notes a sign of life. */
export function noteSignOfLife(connection: Connection<unknown>): void {
  connection.slowest = Math.max(connection.unanswered, connection.slowest);
  connection.unanswered = 0;
}

/**
 * Whether the other end has left more pings unanswered than it may. Answers wait for arrays that are queued before
 * them. So the limit is at least four times `slowest`. While arrays are under way, this limit is multiplied by five.
 */
export function isSilent({ unanswered, slowest, mayLeaveUnanswered, inbox, outbox }: Connection<unknown>): boolean {
  const isBusy = inbox.isUnderWay() || outbox.isUnderWay();
  return unanswered > Math.max(mayLeaveUnanswered, 4 * slowest) * (isBusy ? 5 : 1);
}

/**
 * Ends a connection without sending what is queued.
 * @param refusal tells the other end why it may not connect again; undefined if it may
 */
export function breakOff(connection: Connection<unknown>, refusal?: string): void {
  connection.outbox.clear();
  connection.isLeaving = true;
  connection.hasSaidGoodbye = true;
  connection.control.push(refusal === undefined ? { kind: 'X' } : { kind: 'R', bytes: Buffer.from(refusal) });
}

/** The last frame of a connection that is leaving and has sent everything. */
function takeGoodbye(connection: Connection<unknown>): Frame | undefined {
  if (!connection.isLeaving || connection.hasSaidGoodbye || !connection.outbox.isEmpty()) return undefined;
  connection.hasSaidGoodbye = true;
  return { kind: 'B' };
}

/**
 * The next frame to send. Until the other end has sent something over the first flow, only control frames are sent.
 * Chunks (the parts of an array) are sent only after the other end has sent something over every flow.
 */
export function nextFrame(connection: Connection<unknown>): Frame | undefined {
  const control = connection.control.shift();
  if (control !== undefined || connection.flows[0] === undefined) return control;
  const areAllThere = connection.flows.every((flow) => flow !== undefined);
  return connection.outbox.next(areAllThere) ?? takeGoodbye(connection);
}

/** The routing id that the next frame is sent to. */
export function routingIdOf({ flows, choice }: Connection<unknown>, { kind }: Frame): Buffer {
  // If nothing has come over the flow that is chosen for the frame, the frame is sent over another flow. So a ping also
  // reveals the death of an other end that has sent nothing over its first flow.
  const routingId = flows[choice.of(kind)] ?? flows.find((flow) => flow !== undefined);
  assert(routingId !== undefined, 'a connection is known by a flow that has sent something');
  return routingId;
}

/** The messages that a frame completed, together with frames that had waited for it. */
export interface Accepted<Received> {
  readonly messages: readonly Received[];
  readonly isGoodbye: boolean;
}

/**
 * Handles a received frame. For each chunk that is accepted, the other end may send another chunk. Throws a
 * ProtocolError if the frame does not fit the protocol.
 */
export function acceptFrame<Received>(
  connection: Connection<Received>,
  flow: number,
  kind: string,
  parts: Buffer[],
): Accepted<Received> {
  const nothing = { messages: [], isGoodbye: false };
  if (kind === 'P' && parts.length === 0) return nothing;
  if (kind === 'G' && parts.length === 0) {
    connection.outbox.grant();
    return nothing;
  }
  if (parts.length === 1 && connection.loans !== undefined && isAboutMemory(kind)) {
    connection.loans.accept(kind, parts[0]);
    return nothing;
  }
  // The proof and all headers come over the first flow. A chunk of another flow may overtake them: it waits for its
  // header.
  if (connection.challenge !== undefined && flow === 0 && !isGoodbye(kind))
    throw new ProtocolError(
      'A message came before the proof of a key. If another version of lstm-gan sent it, install the same version on both machines.',
    );
  return acceptInOrder(connection, flow, kind, parts, () => connection.control.push({ kind: 'G' }));
}

/**
 * Handles a frame that is kept in order, at either end of a connection.
 * @param grant tells the sender that it may send another chunk
 */
export function acceptInOrder<Received>(
  { order, inbox }: Pick<Connection<Received>, 'order' | 'inbox'>,
  flow: number,
  kind: string,
  parts: Buffer[],
  grant: () => void,
): Accepted<Received> {
  if (kind === 'X' && parts.length === 0) return { messages: [], isGoodbye: true };
  if (!isOrdered(kind) || parts.length !== (kind === 'B' ? 0 : 1))
    throw new ProtocolError('A frame is H, C, G, P, B or X with its bytes.');
  order.put(flow, kind === 'B' ? { kind } : { kind, bytes: parts[0] });
  const messages: Received[] = [];
  for (let frame = order.next(inbox.isUnderWay()); frame !== undefined; frame = order.next(inbox.isUnderWay())) {
    if (frame.kind === 'B') return { messages, isGoodbye: true };
    const message = inbox.accept(frame.kind, frame.bytes);
    if (frame.kind === 'C') grant();
    if (message !== undefined) messages.push(message);
  }
  return { messages, isGoodbye: false };
}
