/** What the listening end of a line knows of one that has connected to it. */
import { assert } from '@lstm-gan/core';
import { createFlowChoice, createFlowOrder, isOrdered, type FlowChoice, type FlowOrder } from '../codec/flows.ts';
import type { Inbox, Frame, Outbox } from '../codec/stream.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { isAboutMemory, type SharedLine } from '../codec/shared-line.ts';

/** A peer, what it has said in part, and what waits to be said to it. */
export interface ConnectedPeer<Received> {
  /** Where each of its flows is reached; those that have not been heard yet are missing. */
  readonly flows: (Buffer | undefined)[];
  /** What its flows brought, and which of them takes what is sent. */
  readonly order: FlowOrder;
  readonly choice: FlowChoice;
  readonly inbox: Inbox<Received>;
  readonly outbox: Outbox;
  /** Of a peer on this machine. */
  readonly line: SharedLine | undefined;
  /** Control frames go first. */
  readonly control: Frame[];
  /** Let go: what is queued still goes out, then a goodbye, which it answers. */
  leaving: boolean;
  saidGoodbye: boolean;
  /** Pings since it was last heard. */
  unanswered: number;
  /** The most of them lately. */
  slowest: number;
  /** How many may be on a quiet line; without a limit, only libzmq watches it. */
  mayLeaveUnanswered: number;
}

/** One that was heard just now, over a line of so many flows. */
export function createConnectedPeer<Received>(
  ends: Pick<ConnectedPeer<Received>, 'inbox' | 'outbox' | 'line' | 'control'>,
  flowCount: number,
): ConnectedPeer<Received> {
  return {
    ...ends,
    flows: Array.from({ length: flowCount }, () => undefined),
    order: createFlowOrder(flowCount),
    choice: createFlowChoice(flowCount),
    leaving: false,
    saidGoodbye: false,
    unanswered: 0,
    slowest: 0,
    mayLeaveUnanswered: Infinity,
  };
}

/** Notes a sign of life. */
export function hear(peer: ConnectedPeer<unknown>): void {
  peer.slowest = Math.max(peer.unanswered, 0.99 * peer.slowest);
  peer.unanswered = 0;
}

/**
 * Whether it left more pings unanswered than it may. Answers queue behind arrays, so a line that is slow by nature is given
 * four times what it took lately, and one that carries arrays just now five times as long.
 */
export function isSilent({ unanswered, slowest, mayLeaveUnanswered, inbox, outbox }: ConnectedPeer<unknown>): boolean {
  const isBusy = inbox.isUnderWay() || outbox.isUnderWay();
  return unanswered > Math.max(mayLeaveUnanswered, 4 * slowest) * (isBusy ? 5 : 1);
}

/** The last frame for a peer that was let go and has everything. */
function goodbye(peer: ConnectedPeer<unknown>): Frame | undefined {
  if (!peer.leaving || peer.saidGoodbye || !peer.outbox.isEmpty()) return undefined;
  peer.saidGoodbye = true;
  return { kind: 'B' };
}

/** The next frame for a peer: signs of life alone before its first flow was heard, and no chunk before all were. */
export function nextFrame(peer: ConnectedPeer<unknown>): Frame | undefined {
  const control = peer.control.shift();
  if (control !== undefined || peer.flows[0] === undefined) return control;
  return peer.outbox.next(peer.flows.every((flow) => flow !== undefined)) ?? goodbye(peer);
}

/** Where a frame goes that is next. */
export function routingIdOf({ flows, choice }: ConnectedPeer<unknown>, { kind }: Frame): Buffer {
  // A ping to any flow tells that one is gone who died before its first was heard.
  const routingId = flows[choice.of(kind)] ?? flows.find((flow) => flow !== undefined);
  assert(routingId !== undefined, 'a peer is known by a flow that has been heard');
  return routingId;
}

/** What a frame brought, or those that had waited for it. */
export interface Accepted<Received> {
  readonly messages: readonly Received[];
  readonly isGoodbye: boolean;
}

/** Handles one frame of a peer; a chunk that was taken is granted again. */
export function acceptFrame<Received>(
  peer: ConnectedPeer<Received>,
  flow: number,
  kind: string,
  parts: Buffer[],
): Accepted<Received> {
  const nothing = { messages: [], isGoodbye: false };
  if (kind === 'P' && parts.length === 0) return nothing;
  if (kind === 'G' && parts.length === 0) {
    peer.outbox.grant();
    return nothing;
  }
  if (parts.length === 1 && peer.line !== undefined && isAboutMemory(kind)) {
    peer.line.accept(kind, parts[0]);
    return nothing;
  }
  return acceptInOrder(peer, flow, kind, parts, () => peer.control.push({ kind: 'G' }));
}

/** The same of frames that are kept in order, for either end of a line. @param grant gives a chunk back */
export function acceptInOrder<Received>(
  { order, inbox }: Pick<ConnectedPeer<Received>, 'order' | 'inbox'>,
  flow: number,
  kind: string,
  parts: Buffer[],
  grant: () => void,
): Accepted<Received> {
  if (!isOrdered(kind) || parts.length !== (kind === 'B' ? 0 : 1))
    throw new ProtocolError('A frame is H, C, G, P or B with its bytes.');
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
