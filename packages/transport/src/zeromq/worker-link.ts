/**
 * A worker's end over ZeroMQ: one DEALER socket. It does not reconnect by itself: a lost line ends the link, with a
 * sentence, and whoever owns the worker decides what to do.
 */
import { UserError } from '@lstm-gan/core';
import { Context, Dealer } from 'zeromq';
import { decodeCoordinatorHeader, defaultLimits, type DecodeHeader, type Limits } from '../codec/codec.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { createSharedLine, isAboutMemory, type SharedLine } from '../codec/shared-line.ts';
import { createInbox, createOutbox, chunkBytes, type Frame, type Inbox, type Memory, type Outbox } from '../codec/stream.ts';
import { createEventQueue } from '../event-queue.ts';
import type { WorkerLink, WorkerLinkEvent } from '../link.ts';
import type { CoordinatorMessage, Message, WorkerMessage } from '../protocol.ts';
import { isLocalAddress } from './coordinator-link.ts';
import { heartbeatsOf } from './heartbeats.ts';
import { createPump } from './pump.ts';
import type { WorkerKeys } from './keys.ts';

/** Where a worker connects to, and how patiently. */
export interface WorkerLinkOptions {
  /** For example `tcp://10.0.0.1:4321`. */
  readonly connect: string;
  /** Needed for every address but `ipc://`. */
  readonly keys?: WorkerKeys;
  readonly limits?: Limits;
  /** Memory that is used again, instead of plain arrays. */
  readonly memory?: Memory;
  /** A line on which libzmq hears nothing from the other end for so long is closed. */
  readonly deadLineMs?: number;
  /** How long to try to reach the coordinator. */
  readonly connectTimeoutMs?: number;
  /** How long a coordinator that is reached may send nothing, not even its pings, before the link ends. */
  readonly silenceMs?: number;
  readonly lingerMs?: number;
}

/** What is spoken on a line, as whoever connects hears it, and what the other end is called in sentences. */
export interface ConnectingDialect<Received> {
  readonly decode: DecodeHeader<Received>;
  readonly whom: 'coordinator' | 'worker';
}

/** Connects to a coordinator; throws for what is no address; what goes wrong later comes as the event `closed`. */
export function createWorkerLink(options: WorkerLinkOptions): WorkerLink {
  if (!/^(tcp:\/\/[^\s/]+:\d{1,5}|ipc:\/\/.+)$/.test(options.connect)) {
    throw new UserError({
      code: 'address-not-available',
      message: `${options.connect} is no address of a coordinator.`,
      advice: 'Give tcp://HOST:PORT, as the coordinator prints it.',
    });
  }
  return connect<CoordinatorMessage, WorkerMessage>(options, { decode: decodeCoordinatorHeader, whom: 'coordinator' });
}

/** Connects to whoever listens at an address, for whatever is spoken there. */
export function connect<Received, Sent extends Message>(options: WorkerLinkOptions, dialect: ConnectingDialect<Received>): WorkerLink<Received, Sent> {
  return new ZeromqWorkerLink<Received, Sent>(options, dialect);
}

/**
 * Contexts of sockets that have not ended. A closed socket lets go of its context, zeromq shuts down a context that is
 * collected, and the process would then wait for ever for the end of the socket's events.
 */
const contexts = new Set<Context>();

function openSocket({ connect, keys, limits = defaultLimits, deadLineMs = 4000, lingerMs = 2000 }: WorkerLinkOptions): Dealer {
  const context = new Context();
  const socket = new Dealer({
    context,
    ...(isLocalAddress(connect) ? {} : curveOf(connect, keys)),
    linger: lingerMs,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
    ...heartbeatsOf(deadLineMs),
  });
  contexts.add(context);
  socket.events.on('end', () => contexts.delete(context));
  return socket;
}

function curveOf(address: string, keys: WorkerKeys | undefined) {
  if (keys === undefined) {
    throw new UserError({ code: 'key-file', message: `${address} is reached with keys, and none were given.`, advice: 'Give the key file that the coordinator made for its workers, or a copy of it, with --key-file.' });
  }
  return { curveServerKey: keys.serverKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey };
}

class ZeromqWorkerLink<Received, Sent extends Message> implements WorkerLink<Received, Sent> {
  readonly #socket: Dealer;
  readonly #whom: string;
  readonly #events = createEventQueue<WorkerLinkEvent<Received>>();
  readonly #inbox: Inbox<Received>;
  readonly #outbox: Outbox;
  readonly #memory: Memory | undefined;
  /** To a coordinator on this machine. */
  readonly #line: SharedLine | undefined;
  readonly #control: Frame[] = [];
  readonly #pump = createPump(() => this.#sendNext());
  readonly #lingerMs: number;
  readonly #patience: NodeJS.Timeout;
  readonly #silence: NodeJS.Timeout;
  #open = true;
  #framesTaken = 0;

  constructor(options: WorkerLinkOptions, { decode, whom }: ConnectingDialect<Received>) {
    const { connect, limits = defaultLimits, connectTimeoutMs = 10_000, silenceMs = 30_000, lingerMs = 2000, memory } = options;
    this.#socket = openSocket(options);
    this.#whom = whom;
    this.#memory = memory;
    this.#line = isLocalAddress(connect) ? createSharedLine({ sharing: () => memory?.sharing?.(), push: (frame) => this.#say(frame) }) : undefined;
    this.#inbox = createInbox(decode, limits, memory, this.#line);
    this.#outbox = createOutbox(this.#line && { lend: (array) => this.#lend(array) });
    this.#lingerMs = lingerMs;
    const late = `No ${whom} answered at ${connect} within ${connectTimeoutMs / 1000} s.`;
    this.#patience = setTimeout(() => this.#end(late), connectTimeoutMs);
    this.#silence = this.#watchSilence(silenceMs);
    watch(
      this.#socket,
      {
        refuse: (sentence) => this.#end(sentence, true),
        endWhenDrained: (sentence) => this.#endWhenDrained(sentence),
        connected: () => clearTimeout(this.#patience),
      },
      connect,
      whom,
    );
    this.#socket.connect(connect);
    void receiveAll(this.#socket, (kind, parts) => this.#take(kind, parts));
  }

  events(): AsyncIterable<WorkerLinkEvent<Received>> {
    return this.#events;
  }

  send(message: Sent): void {
    if (!this.#open) return;
    this.#line?.offer();
    this.#outbox.add(message);
    this.#pump.wake();
  }

  #say(frame: Frame): void {
    this.#control.push(frame);
    this.#pump.wake();
  }

  /** What is lent is the link's: with our array gone, the block is free as soon as the coordinator gives it back. */
  #lend(array: Float32Array) {
    const reference = this.#line?.lend(array);
    if (reference !== undefined) this.#memory?.release(array);
    return reference;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    await this.#pump.drained(() => this.#outbox.isEmpty(), this.#lingerMs);
    await this.#sayGoodbye('The worker closed the link.');
  }

  async #sendNext(): Promise<boolean> {
    const frame = this.#open ? (this.#control.shift() ?? this.#outbox.next()) : undefined;
    if (frame === undefined) return false;
    try {
      await this.#socket.send([frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]);
    } catch (error) {
      if (this.#open) this.#end(`The line to the ${this.#whom} broke (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
      return false;
    }
    return true;
  }

  #take(kind: string, parts: Buffer[]): void {
    this.#framesTaken += 1;
    try {
      if (kind === 'P') return this.#answerPing();
      if (kind === 'B') return void this.#sayGoodbye(`The ${this.#whom} closed the link.`);
      if (kind === 'G') this.#outbox.grant();
      else this.#accept(kind, parts);
      this.#pump.wake();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(`The ${this.#whom} broke the protocol: ${error.message}`);
    }
  }

  #answerPing(): void {
    if (this.#control.length === 0) this.#say({ kind: 'P' });
  }

  #accept(kind: string, parts: Buffer[]): void {
    if (parts.length === 1 && this.#line !== undefined && isAboutMemory(kind)) return this.#line.accept(kind, parts[0]);
    if ((kind !== 'H' && kind !== 'C') || parts.length !== 1) throw new ProtocolError('A frame is H, C, G, P or B with its bytes.');
    const message = this.#inbox.accept(kind, parts[0]);
    if (kind === 'C') this.#control.push({ kind: 'G' });
    if (message !== undefined) this.#events.push({ kind: 'message', message });
  }

  #end(sentence: string, refused = false): void {
    if (!this.#open) return;
    this.#open = false;
    this.#line?.close();
    clearTimeout(this.#patience);
    clearInterval(this.#silence);
    this.#socket.close();
    this.#events.push({ kind: 'closed', sentence, ...(refused ? { refused } : {}) });
    this.#events.end();
  }

  /**
   * A coordinator pings every peer that it knows, so silence on a line that stands means that it has forgotten this one, or
   * hangs. Looked at several times, not by the clock: a process that was stopped for an hour has not listened for one.
   */
  #watchSilence(silenceMs: number): NodeJS.Timeout {
    const looks = 10;
    let [before, silent] = [0, 0];
    return setInterval(() => {
      silent = this.#framesTaken === before ? silent + 1 : 0;
      before = this.#framesTaken;
      if (silent >= looks) this.#end(`The ${this.#whom} has said nothing for ${silenceMs / 1000} s.`);
    }, silenceMs / looks);
  }

  /** Frames that came before the line went down are still in the socket: the link ends when none is left. */
  #endWhenDrained(sentence: string): void {
    const before = this.#framesTaken;
    setTimeout(() => (this.#framesTaken === before ? this.#end(sentence) : this.#endWhenDrained(sentence)), 50);
  }

  async #sayGoodbye(sentence: string): Promise<void> {
    this.#control.push({ kind: 'B' });
    await this.#pump.drained(() => this.#outbox.isEmpty() && this.#control.length === 0, this.#lingerMs);
    this.#end(sentence);
  }
}

/** Ends the link when libzmq says that the line is gone or was never let in. */
function watch(
  socket: Dealer,
  { refuse, endWhenDrained, connected }: { refuse(sentence: string): void; endWhenDrained(sentence: string): void; connected(): void },
  address: string,
  whom: string,
): void {
  socket.events.on('handshake', connected);
  socket.events.on('disconnect', () => endWhenDrained(`The ${whom} is gone.`));
  const refused = `The ${whom} at ${address} refused the keys of this worker.`;
  socket.events.on('handshake:error:auth', () => refuse(refused));
  socket.events.on('handshake:error:protocol', () => refuse(`${address} does not answer as a ${whom} of this run does.`));
  // libzmq tells a refusal apart from other errors only sometimes.
  socket.events.on('handshake:error:other', () => refuse(`The ${whom} at ${address} did not let this worker in: its keys are not this run's.`));
}

async function receiveAll(socket: Dealer, take: (kind: string, parts: Buffer[]) => void): Promise<void> {
  try {
    for await (const [kind, ...parts] of socket) take(kind?.toString('latin1') ?? '', parts);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
