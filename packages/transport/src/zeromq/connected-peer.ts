/** What the listening end of a line knows of one that has connected to it. */
import type { Inbox, Frame, Outbox } from '../codec/stream.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { isAboutMemory, type SharedLine } from '../codec/shared-line.ts';

/** A peer, what it has said in part, and what waits to be said to it. */
export interface ConnectedPeer<Received> {
  readonly routingId: Buffer;
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
export function goodbye(peer: ConnectedPeer<unknown>): Frame | undefined {
  if (!peer.leaving || peer.saidGoodbye || !peer.outbox.isEmpty()) return undefined;
  peer.saidGoodbye = true;
  return { kind: 'B' };
}

/** Handles one frame of a peer; a chunk that was taken is granted again. */
export function acceptFrame<Received>(peer: ConnectedPeer<Received>, kind: string, parts: Buffer[]): Received | undefined {
  if (kind === 'P' && parts.length === 0) return undefined;
  if (kind === 'G' && parts.length === 0) {
    peer.outbox.grant();
    return undefined;
  }
  if (parts.length === 1 && peer.line !== undefined && isAboutMemory(kind)) {
    peer.line.accept(kind, parts[0]);
    return undefined;
  }
  if ((kind !== 'H' && kind !== 'C') || parts.length !== 1) throw new ProtocolError('A frame is H, C, G, P or B with its bytes.');
  const message = peer.inbox.accept(kind, parts[0]);
  if (kind === 'C') peer.control.push({ kind: 'G' });
  return message;
}
