/**
 * The coordinator's end over ZeroMQ: one ROUTER socket, encrypted with CURVE. libzmq's own threads watch the connections
 * (a killed process closes its socket, ZMTP heartbeats find a cut line), so a peer whose JavaScript is busy is never taken
 * for dead; the next frame to a peer that is gone fails at once, and a ping goes out several times a second.
 */
import { Context, Router } from 'zeromq';
import { decodeWorkerHeader, defaultLimits, type Limits } from '../codec/codec.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { createInbox, createOutbox, chunkBytes, type Frame, type Inbox, type Outbox } from '../codec/stream.ts';
import { createEventQueue } from '../event-queue.ts';
import type { CoordinatorLink, CoordinatorLinkEvent } from '../link.ts';
import type { WorkerMessage } from '../protocol.ts';
import { startAdmission, zapDomain } from './admission.ts';
import { explainBindError } from './bind-error.ts';
import type { KeyPair } from './keys.ts';

export interface CoordinatorLinkOptions {
  /** Default `tcp://127.0.0.1:*`: this machine only, any free port. */
  readonly bind?: string;
  readonly keys: KeyPair;
  /** Asked for every client that connects. */
  readonly isAuthorized: (publicKey: string) => boolean;
  readonly limits?: Limits;
  readonly maxPeers?: number;
  /** How often a silent peer is tried. */
  readonly pingMs?: number;
  /** A line without any sign of life is closed after this. */
  readonly deadLineMs?: number;
  /** How long close() waits for what is queued. */
  readonly lingerMs?: number;
}

interface Peer {
  readonly routingId: Buffer;
  readonly inbox: Inbox<WorkerMessage>;
  readonly outbox: Outbox;
  /** Control frames go first. */
  readonly control: Frame[];
  /** Let go: what is queued still goes out, then a goodbye, which it answers. */
  leaving: boolean;
  saidGoodbye: boolean;
}

export async function createCoordinatorLink(options: CoordinatorLinkOptions): Promise<CoordinatorLink> {
  const { bind = 'tcp://127.0.0.1:*', keys, isAuthorized, pingMs = 250, deadLineMs = 2000, lingerMs = 2000 } = options;
  const context = new Context({ ioThreads: 2 });
  const admission = await startAdmission(context, isAuthorized);
  const socket = new Router({
    context,
    curveServer: true,
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
    zapDomain,
    mandatory: true,
    // Credit keeps every pipe far from full, so whatever cannot be sent goes to a peer that is gone. Without a timeout a
    // send to the last peer that went waits for ever (zeromq 6.8 waits until the socket is writable again).
    sendTimeout: 100,
    linger: lingerMs,
    maxMessageSize: Math.max(chunkBytes, (options.limits ?? defaultLimits).maxHeaderBytes) + 64,
    heartbeatInterval: Math.ceil(deadLineMs / 4),
    heartbeatTimeout: deadLineMs,
    heartbeatTimeToLive: deadLineMs,
  });
  try {
    await socket.bind(bind);
  } catch (error) {
    socket.close();
    admission.close();
    throw explainBindError(bind, error);
  }
  return serve(socket, { ...options, pingMs, lingerMs }, () => admission.close());
}

function serve(
  socket: Router,
  { limits = defaultLimits, maxPeers = 256, pingMs, lingerMs }: CoordinatorLinkOptions & { pingMs: number; lingerMs: number },
  onClose: () => void,
): CoordinatorLink {
  const events = createEventQueue<CoordinatorLinkEvent>();
  const peers = new Map<string, Peer>();
  const pump = createPump(() => sendNext());
  let closing = false;

  const forget = (name: string, sentence: string): void => {
    const peer = peers.get(name);
    peers.delete(name);
    if (peer !== undefined && !peer.leaving) events.push({ kind: 'left', peer: name, sentence });
  };

  /** Sends one frame of each peer that has one; says whether there was any. One send at a time: two give EBUSY. */
  const sendNext = async (): Promise<boolean> => {
    let sent = false;
    if (socket.closed) return false;
    for (const [name, peer] of peers) {
      const frame = peer.control.shift() ?? peer.outbox.next() ?? goodbye(peer);
      if (frame === undefined) continue;
      sent = true;
      try {
        await socket.send([peer.routingId, frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]);
      } catch (error) {
        if (socket.closed) return false;
        forget(name, `The line to the worker broke (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
      }
    }
    return sent;
  };

  const refuse = (name: string, peer: Peer, sentence: string): void => {
    peer.outbox.add({ kind: 'reject', reason: 'malformed-message', sentence });
    peer.leaving = true;
    events.push({ kind: 'left', peer: name, sentence });
    pump.wake();
  };

  const take = (routingId: Buffer, kind: string, parts: Buffer[]): void => {
    const name = routingId.toString('hex');
    let peer = peers.get(name);
    if (peer === undefined) {
      if (peers.size >= maxPeers || closing) return;
      peer = { routingId, inbox: createInbox(decodeWorkerHeader, limits), outbox: createOutbox(), control: [], leaving: false, saidGoodbye: false };
      peers.set(name, peer);
    }
    if (kind === 'B') {
      forget(name, 'The worker closed the link.');
      return pump.wake();
    }
    if (peer.leaving && kind !== 'G') return;
    try {
      const message = acceptFrame(peer, kind, parts);
      if (message !== undefined) events.push({ kind: 'message', peer: name, message });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refuse(name, peer, error.message);
    }
    pump.wake();
  };

  const ping = setInterval(() => {
    for (const peer of peers.values()) if (peer.control.length === 0) peer.control.push({ kind: 'P' });
    pump.wake();
  }, pingMs);
  void receiveAll(socket, take);

  return {
    address: socket.lastEndpoint ?? '',
    events: () => events,
    send(name, message) {
      const peer = peers.get(name);
      if (peer === undefined || peer.leaving) return;
      peer.outbox.add(message);
      pump.wake();
    },
    disconnect(name) {
      const peer = peers.get(name);
      if (peer !== undefined) peer.leaving = true;
      pump.wake();
    },
    async close() {
      if (closing) return;
      closing = true;
      clearInterval(ping);
      for (const peer of peers.values()) peer.leaving = true;
      await pump.drained(() => peers.size === 0, lingerMs);
      socket.close();
      onClose();
      events.end();
    },
  };
}

/** The last frame for a peer that was let go and has everything. */
function goodbye(peer: Peer): Frame | undefined {
  if (!peer.leaving || peer.saidGoodbye || !peer.outbox.isEmpty()) return undefined;
  peer.saidGoodbye = true;
  return { kind: 'B' };
}

async function receiveAll(socket: Router, take: (routingId: Buffer, kind: string, parts: Buffer[]) => void): Promise<void> {
  try {
    for await (const [routingId, kind, ...parts] of socket) take(routingId, kind?.toString('latin1') ?? '', parts);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}

/** Handles one frame of a peer; a chunk that was taken is granted again. */
function acceptFrame(peer: Peer, kind: string, parts: Buffer[]): WorkerMessage | undefined {
  if (kind === 'P' && parts.length === 0) return undefined;
  if (kind === 'G' && parts.length === 0) {
    peer.outbox.grant();
    return undefined;
  }
  if ((kind !== 'H' && kind !== 'C') || parts.length !== 1) throw new ProtocolError('A frame is H, C, G, P or B with its bytes.');
  const message = peer.inbox.accept(kind, parts[0]);
  if (kind === 'C') peer.control.push({ kind: 'G' });
  return message;
}

interface Pump {
  wake(): void;
  /** Resolves when `done` holds after a round of sending, or after `atMostMs`. */
  drained(done: () => boolean, atMostMs: number): Promise<void>;
}

/** Runs `step` again and again while it says that there was something to do, never twice at a time. */
export function createPump(step: () => Promise<boolean>): Pump {
  let running = false;
  let again = false;
  let idle: (() => void) | undefined;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      while (await step());
    } while (again);
    running = false;
    idle?.();
  };
  const wake = (): void => {
    again = true;
    if (!running) void run();
  };
  return {
    wake,
    drained: (done, atMostMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, atMostMs);
        idle = () => {
          if (!done()) return;
          clearTimeout(timer);
          resolve();
        };
        wake();
      }),
  };
}
