/**
 * The coordinator's end over ZeroMQ: one ROUTER socket, encrypted with CURVE. libzmq's own threads watch the connections
 * (a killed process closes its socket; of one that is stopped or cut off, signs of life are missing), so a peer whose JavaScript
 * is busy is never taken for dead; the next frame to a peer that is gone fails at once, and a ping goes out ten times a second.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Context, type Router } from 'zeromq';
import { decodeWorkerHeader, defaultLimits, type DecodeHeader, type Limits } from '../codec/codec.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { createSharedLine, type SharedLine } from '../codec/shared-line.ts';
import { createInbox, createOutbox, type Frame, type Memory } from '../codec/stream.ts';
import { createEventQueue } from '../event-queue.ts';
import type { CoordinatorLinkEvent, RenewableLink } from '../link.ts';
import type { CoordinatorMessage, Message, WorkerMessage } from '../protocol/messages.ts';
import { startAdmission } from './admission.ts';
import { explainBindError } from './bind-error.ts';
import type { KeyPair } from './keys.ts';
import {
  acceptFrame,
  createConnectedPeer,
  hear,
  isSilent,
  nextFrame,
  routingIdOf,
  type ConnectedPeer,
} from './connected-peer.ts';
import { defaultFlowCount, readFlowId } from './flow-ids.ts';
import { openListeningSocket } from './listening-socket.ts';
import { createPump } from './pump.ts';

/** Where a coordinator listens, to whom, and how patiently. */
export interface CoordinatorLinkOptions {
  /**
   * Default `tcp://127.0.0.1:*`: this machine only, any free port. TCP is always encrypted and authenticated; `ipc://PATH`,
   * a socket in a folder that the user alone may enter, is guarded by the kernel instead, and costs no encryption.
   */
  readonly bind?: string;
  readonly keys: KeyPair;
  /** Asked for every client that connects. */
  readonly isAuthorized: (publicKey: string) => boolean;
  readonly limits?: Limits;
  /** Memory that is used again, instead of plain arrays. */
  readonly memory?: Memory;
  /** Told what the log should say. */
  readonly onNotice?: (sentence: string) => void;
  readonly maxPeers?: number;
  /** How often a silent peer is tried. */
  readonly pingMs?: number;
  /** How long close() waits for what is queued. */
  readonly lingerMs?: number;
}

/** Whether an address is a socket in the file system. */
export function isLocalAddress(address: string): boolean {
  return address.startsWith('ipc://');
}

/** What is spoken on a line, as whoever listens hears and says it. */
export interface ListeningDialect<Received, Sent> {
  readonly decode: DecodeHeader<Received>;
  /** Tells a peer that what it sent was malformed. */
  readonly refusal: (sentence: string) => Sent;
}

/** Binds; throws a UserError for an address that cannot be had. */
export function createCoordinatorLink(options: CoordinatorLinkOptions): Promise<RenewableLink> {
  return listen<WorkerMessage, CoordinatorMessage>(options, {
    decode: decodeWorkerHeader,
    refusal: (sentence) => ({ kind: 'reject', reason: 'malformed-message', sentence }),
  });
}

/** Binds for whatever is spoken there. */
export async function listen<Received, Sent extends Message>(
  options: CoordinatorLinkOptions,
  dialect: ListeningDialect<Received, Sent>,
): Promise<RenewableLink<Received, Sent>> {
  const { bind = 'tcp://127.0.0.1:*', keys, isAuthorized } = options;
  const context = new Context({ ioThreads: Math.max(2, defaultFlowCount()) });
  const local = isLocalAddress(bind);
  const admission = local ? undefined : await startAdmission(context, isAuthorized);
  const open = () =>
    openListeningSocket({ context, keys: local ? undefined : keys, limits: options.limits ?? defaultLimits });
  const socket = open();
  try {
    await socket.bind(bind);
  } catch (error) {
    socket.close();
    admission?.close();
    throw explainBindError(bind, error);
  }
  return new ZeromqCoordinatorLink({ socket, open, onClose: () => admission?.close() }, options, dialect);
}

interface Listening {
  /** Bound. */
  readonly socket: Router;
  /** Makes another one like it, not bound. */
  readonly open: () => Router;
  readonly onClose: () => void;
}

const rebindMs = 20;

class ZeromqCoordinatorLink<Received, Sent extends Message> implements RenewableLink<Received, Sent> {
  readonly address: string;
  readonly #dialect: ListeningDialect<Received, Sent>;
  readonly #listening: Listening;
  #socket: Router;
  readonly #limits: Limits;
  readonly #memory: Memory | undefined;
  readonly #isLocal: boolean;
  #onNotice: ((sentence: string) => void) | undefined;
  readonly #maxPeers: number;
  readonly #lingerMs: number;
  readonly #pingMs: number;
  readonly #events = createEventQueue<CoordinatorLinkEvent<Received>>();
  readonly #peers = new Map<string, ConnectedPeer<Received>>();
  readonly #pump = createPump(() => this.#sendNext());
  readonly #ping: NodeJS.Timeout;
  #renewal: Promise<void> | undefined;
  #closing = false;

  constructor(listening: Listening, options: CoordinatorLinkOptions, dialect: ListeningDialect<Received, Sent>) {
    this.#listening = listening;
    this.#socket = listening.socket;
    this.#dialect = dialect;
    this.#limits = options.limits ?? defaultLimits;
    this.#memory = options.memory;
    this.#isLocal = isLocalAddress(options.bind ?? '');
    this.#onNotice = options.onNotice;
    this.#maxPeers = options.maxPeers ?? 256;
    this.#lingerMs = options.lingerMs ?? 2000;
    this.address = this.#socket.lastEndpoint ?? '';
    this.#pingMs = options.pingMs ?? 100;
    this.#ping = setInterval(() => this.#pingAll(), this.#pingMs);
    this.#receive();
  }

  #receive(): void {
    void receiveAll(this.#socket, (routingId, kind, parts) => this.#take(routingId, kind, parts));
  }

  events(): AsyncIterable<CoordinatorLinkEvent<Received>> {
    return this.#events;
  }

  send(name: string, message: Sent): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.leaving) return;
    peer.outbox.add(message);
    this.#pump.wake();
  }

  disconnect(name: string): void {
    const peer = this.#peers.get(name);
    if (peer !== undefined) peer.leaving = true;
    this.#pump.wake();
  }

  watch(name: string, silenceMs: number): void {
    const peer = this.#peers.get(name);
    if (peer !== undefined) peer.mayLeaveUnanswered = Math.ceil(silenceMs / this.#pingMs);
  }

  renew(): Promise<void> {
    this.#renewal ??= this.#reopen().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  async #reopen(): Promise<void> {
    if (this.#closing) return;
    // libzmq ends no single line of somebody who stays; with the socket it ends them all.
    this.#socket.close();
    for (const name of [...this.#peers.keys()]) this.#forget(name, 'All lines are made anew.');
    const socket = this.#listening.open();
    // The old one lets go of the address a moment later.
    while (
      !this.#closing &&
      !(await socket.bind(this.address).then(
        () => true,
        () => false,
      ))
    )
      await delay(rebindMs);
    if (this.#closing) return socket.close();
    this.#socket = socket;
    this.#receive();
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#ping);
    for (const peer of this.#peers.values()) peer.leaving = true;
    await this.#pump.drained(() => [...this.#peers.values()].every(isSilent), this.#lingerMs);
    for (const peer of this.#peers.values()) peer.line?.close();
    await this.#renewal;
    this.#socket.close();
    this.#listening.onClose();
    this.#events.end();
  }

  /** Pings are counted, not time: when this process was stopped itself, nobody else was silent. */
  #pingAll(): void {
    for (const [name, peer] of this.#peers) {
      if (peer.control.length === 0) peer.control.push({ kind: 'P' });
      peer.unanswered += 1;
      if (isSilent(peer) && !peer.leaving) this.#giveUp(name, peer);
    }
    this.#pump.wake();
  }

  /** Should it come to itself, it finds a goodbye, and comes back as somebody new. */
  #giveUp(name: string, peer: ConnectedPeer<Received>): void {
    peer.outbox.clear();
    peer.leaving = true;
    this.#events.push({
      kind: 'left',
      peer: name,
      sentence: `The worker has given no sign of life for ${peer.unanswered * this.#pingMs} ms.`,
    });
  }

  /** Sends one frame of each peer that has one; says whether there was any. */
  async #sendNext(): Promise<boolean> {
    let sent = false;
    for (const [name, peer] of this.#peers) {
      if (this.#socket.closed) return false;
      const frame = nextFrame(peer);
      if (frame === undefined) continue;
      sent = true;
      try {
        await this.#socket.send([routingIdOf(peer, frame), frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]);
      } catch (error) {
        this.#forget(name, `The line to the worker broke (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
      }
    }
    return sent;
  }

  #forget(name: string, sentence: string): void {
    const peer = this.#peers.get(name);
    this.#peers.delete(name);
    peer?.line?.close();
    if (peer !== undefined && !peer.leaving) this.#events.push({ kind: 'left', peer: name, sentence });
  }

  /** Tells a peer what was wrong with what it sent, and lets it go. */
  #refuse(name: string, peer: ConnectedPeer<Received>, sentence: string): void {
    peer.outbox.add(this.#dialect.refusal(sentence));
    peer.leaving = true;
    this.#events.push({ kind: 'left', peer: name, sentence });
  }

  #take(routingId: Buffer, kind: string, parts: Buffer[]): void {
    const { line: name, flow, flowCount } = readFlowId(routingId);
    const peer = this.#peers.get(name) ?? this.#greet(name, flowCount);
    if (peer === undefined) return;
    peer.flows[flow] = routingId;
    hear(peer);
    if (peer.leaving && kind === 'B') this.#forget(name, '');
    else if (!peer.leaving || kind === 'G') this.#accept(name, peer, flow, kind, parts);
    this.#pump.wake();
  }

  #greet(name: string, flowCount: number): ConnectedPeer<Received> | undefined {
    if (this.#peers.size >= this.#maxPeers || this.#closing) return undefined;
    const control: Frame[] = [];
    const line = this.#isLocal ? this.#shareWith(control) : undefined;
    const inbox = createInbox(this.#dialect.decode, this.#limits, this.#memory, line);
    const peer = createConnectedPeer({ inbox, outbox: createOutbox(line), line, control }, flowCount);
    this.#peers.set(name, peer);
    return peer;
  }

  #shareWith(control: Frame[]): SharedLine {
    return createSharedLine({
      sharing: () => this.#memory?.sharing?.(),
      push: (frame) => {
        control.push(frame);
        this.#pump.wake();
      },
      onRefused: (sentence) => {
        this.#onNotice?.(sentence);
        this.#onNotice = undefined;
      },
    });
  }

  #accept(name: string, peer: ConnectedPeer<Received>, flow: number, kind: string, parts: Buffer[]): void {
    try {
      const { messages, isGoodbye } = acceptFrame(peer, flow, kind, parts);
      for (const message of messages) this.#events.push({ kind: 'message', peer: name, message });
      if (isGoodbye) this.#forget(name, 'The worker closed the link.');
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(name, peer, error.message);
    }
  }
}

async function receiveAll(
  socket: Router,
  take: (routingId: Buffer, kind: string, parts: Buffer[]) => void,
): Promise<void> {
  try {
    for await (const [routingId, kind, ...parts] of socket) take(routingId, kind?.toString('latin1') ?? '', parts);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
