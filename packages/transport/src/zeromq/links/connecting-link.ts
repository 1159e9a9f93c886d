/**
 * The connecting end over ZeroMQ: a DEALER socket for each flow. The link does not reconnect by itself. If the
 * connection is lost, the link ends with a sentence, and the code that opened the link decides what to do.
 */
import { defaultLimits, type DecodeHeader } from '../../codec/codec.ts';
import { createFlowOrder, type FlowOrder } from '../../codec/flow-order.ts';
import { isAboutMemory, type Frame } from '../../codec/frame.ts';
import { createInbox, type Inbox } from '../../codec/inbox.ts';
import { createMemoryLoans, type MemoryLoans } from '../../codec/memory-loans.ts';
import type { Memory } from '../../codec/memory.ts';
import { createOutbox, type Outbox } from '../../codec/outbox.ts';
import { ProtocolError } from '../../codec/protocol-error.ts';
import { createEventQueue } from '../../event-queue.ts';
import type { WorkerLink, WorkerLinkEvent } from '../../links.ts';
import type { Message } from '../../protocol/messages.ts';
import type { WorkerKeys } from '../keys/key-files.ts';
import { challengeBytes, proveKey } from '../keys/key-proof.ts';
import { defaultFlowCount } from '../sockets/flow-ids.ts';
import { openFlowSockets, type FlowSocketOptions, type FlowSockets } from '../sockets/flow-sockets.ts';
import { acceptInOrder } from './connection.ts';
import { startCountdown, type Countdown } from './countdown.ts';
import { isLocalAddress } from '../sockets/local-address.ts';
import { createSendLoop } from './send-loop.ts';

/** Where to connect to, and how long to wait. */
export interface ConnectingLinkOptions extends FlowSocketOptions {
  /**
   * Number of TCP connections that arrays travel over. Each is encrypted by a thread of its own. Default: half of the
   * processors, at most 4.
   */
  readonly flowCount?: number;
  /** Provides memory for received arrays, and reuses it. By default each array is newly allocated. */
  readonly memory?: Memory;
  /** The link ends if the connection is not made within this time. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** The link ends if the other end sends nothing for this time, not even its pings. Default 30,000 ms. */
  readonly silenceMs?: number;
}

/** How a connecting link decodes the messages that it receives, and what its sentences call the other end. */
export interface ConnectingDialect<Received> {
  readonly decode: DecodeHeader<Received>;
  readonly whom: 'coordinator' | 'worker';
}

/** Begins to connect. Throws a UserError if keys are needed and missing. */
export function openConnectingLink<Received, Sent extends Message>(
  options: ConnectingLinkOptions,
  dialect: ConnectingDialect<Received>,
): WorkerLink<Received, Sent> {
  return new ZeromqConnectingLink<Received, Sent>(options, dialect);
}

/** After a connection was lost, the link ends when no frame has come for this time. */
const drainMs = 50;

const mostRefusalBytes = 2000;

class ZeromqConnectingLink<Received, Sent extends Message> implements WorkerLink<Received, Sent> {
  readonly #sockets: FlowSockets;
  /** The keys that this end has yet to prove; undefined once it has, and if none are needed. */
  #unproved: WorkerKeys | undefined;
  readonly #order: FlowOrder;
  readonly #whom: string;
  readonly #events = createEventQueue<WorkerLinkEvent<Received>>();
  readonly #inbox: Inbox<Received>;
  readonly #outbox: Outbox;
  readonly #memory: Memory | undefined;
  /** Undefined if the other end may be on another machine. */
  readonly #loans: MemoryLoans | undefined;
  /** Frames that are sent before the frames in the outbox. */
  readonly #control: Frame[] = [];
  readonly #sendLoop = createSendLoop(() => this.#sendNext());
  readonly #lingerMs: number;
  readonly #connecting: Countdown;
  readonly #silence: Countdown;
  #draining: Countdown | undefined;
  #isConnected = false;
  #isOpen = true;
  #hasSaidGoodbye = false;

  constructor(options: ConnectingLinkOptions, { decode, whom }: ConnectingDialect<Received>) {
    const {
      connect,
      limits = defaultLimits,
      connectTimeoutMs = 10_000,
      silenceMs = 30_000,
      lingerMs = 2000,
      memory,
    } = options;
    const flowCount = isLocalAddress(connect) ? 1 : (options.flowCount ?? defaultFlowCount());
    this.#order = createFlowOrder(flowCount);
    this.#whom = whom;
    this.#memory = memory;
    this.#loans = isLocalAddress(connect)
      ? createMemoryLoans({ sharing: () => memory?.sharing?.(), push: (frame) => this.#sendControl(frame) })
      : undefined;
    this.#inbox = createInbox(decode, limits, memory, this.#loans?.borrow);
    this.#outbox = createOutbox(this.#loans && ((array) => this.#lend(array)));
    this.#lingerMs = lingerMs;
    this.#unproved = isLocalAddress(connect) ? undefined : options.keys;
    // `openFlowSockets` throws if keys are missing. It is called before the countdowns are started, so that no
    // countdown has to be stopped then.
    this.#sockets = openFlowSockets(options, flowCount, whom, {
      connected: () => this.#connected(),
      refuse: (sentence) => this.#end(sentence, true),
      lost: (sentence) => this.#endWhenDrained(sentence),
      take: (flow, kind, parts) => this.#take(flow, kind, parts),
    });
    this.#connecting = startCountdown(connectTimeoutMs, () =>
      this.#end(
        this.#isConnected
          ? `The ${whom} at ${connect} does not ask for the proof of a key: its version of lstm-gan may be another one.`
          : `No ${whom} answered at ${connect} within ${connectTimeoutMs / 1000} s.`,
      ),
    );
    // The listening end pings every connection that it knows. Silence means that the listening end has forgotten this
    // connection, or hangs.
    this.#silence = startCountdown(silenceMs, () =>
      this.#end(`The ${whom} has said nothing for ${silenceMs / 1000} s.`),
    );
  }

  events(): AsyncIterable<WorkerLinkEvent<Received>> {
    return this.#events;
  }

  send(message: Sent): void {
    if (!this.#isOpen || this.#hasSaidGoodbye) return;
    this.#loans?.offer();
    this.#outbox.add(message);
    this.#sendLoop.wake();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#sendLoop.drain(() => this.#outbox.isEmpty(), this.#lingerMs);
    await this.#sayGoodbye('The worker closed the link.');
  }

  /** Sends a frame before those of the outbox. Nothing is sent after a goodbye. */
  #sendControl(frame: Frame): void {
    if (this.#hasSaidGoodbye) return;
    this.#control.push(frame);
    this.#sendLoop.wake();
  }

  /**
   * Lends an array to the other end, and releases it: the array belongs to this link. So the array's block is free as
   * soon as the other end gives the block back.
   */
  #lend(array: Float32Array) {
    const reference = this.#loans?.lend(array);
    if (reference !== undefined) this.#memory?.release(array);
    return reference;
  }

  async #sendNext(): Promise<boolean> {
    const frame = this.#isOpen ? this.#nextFrame() : undefined;
    if (frame === undefined) return false;
    try {
      await this.#sockets.send(frame);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.#end(`The connection to the ${this.#whom} broke (${code}).`);
      return false;
    }
    return true;
  }

  /** Messages are sent only after the proof of the key. */
  #nextFrame(): Frame | undefined {
    return this.#control.shift() ?? (this.#unproved === undefined ? this.#outbox.next() : undefined);
  }

  /** The challenge gets as much time as the connection had. */
  #connected(): void {
    this.#isConnected = true;
    if (this.#unproved === undefined) this.#connecting.stop();
    else this.#connecting.restart();
  }

  #take(flow: number, kind: string, parts: Buffer[]): void {
    this.#silence.restart();
    this.#draining?.restart();
    try {
      if (kind === 'P') return this.#answerPing();
      if (kind === 'K') return this.#answerChallenge(parts);
      if (kind === 'R') return this.#takeRefusal(parts);
      if (kind === 'G') this.#outbox.grant();
      else this.#accept(flow, kind, parts);
      this.#sendLoop.wake();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(`The ${this.#whom} broke the protocol: ${error.message}`);
    }
  }

  #answerPing(): void {
    if (this.#control.length === 0) this.#sendControl({ kind: 'P' });
  }

  #answerChallenge([challenge, ...more]: Buffer[]): void {
    if (this.#unproved === undefined || challenge?.length !== challengeBytes || more.length > 0)
      throw new ProtocolError(`A challenge has ${challengeBytes} bytes, and comes once.`);
    this.#sendControl({ kind: 'K', bytes: proveKey(this.#unproved, challenge) });
    this.#unproved = undefined;
    if (this.#isConnected) this.#connecting.stop();
    this.#sendLoop.wake();
  }

  #takeRefusal([sentence, ...more]: Buffer[]): void {
    if (sentence === undefined || sentence.length > mostRefusalBytes || more.length > 0)
      throw new ProtocolError(`A refusal has a sentence of at most ${mostRefusalBytes} bytes.`);
    void this.#sayGoodbye(sentence.toString(), true);
  }

  #accept(flow: number, kind: string, parts: Buffer[]): void {
    if (parts.length === 1 && this.#loans !== undefined && isAboutMemory(kind))
      return this.#loans.accept(kind, parts[0]);
    const { messages, isGoodbye } = acceptInOrder({ order: this.#order, inbox: this.#inbox }, flow, kind, parts, () =>
      this.#sendControl({ kind: 'G' }),
    );
    for (const message of messages) this.#events.push({ kind: 'message', message });
    if (isGoodbye) void this.#sayGoodbye(`The ${this.#whom} closed the link.`);
  }

  #end(sentence: string, refused = false): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#loans?.close();
    this.#connecting.stop();
    this.#silence.stop();
    this.#draining?.stop();
    this.#sockets.close();
    this.#events.push({ kind: 'closed', sentence, ...(refused ? { refused } : {}) });
    this.#events.end();
  }

  /**
   * Frames that came before the connection was lost may still be in the socket. The link ends when no more frames come
   * out of the socket.
   */
  #endWhenDrained(sentence: string): void {
    this.#draining ??= startCountdown(drainMs, () => this.#end(sentence));
  }

  async #sayGoodbye(sentence: string, refused = false): Promise<void> {
    // What is still queued is not sent: the other end would take a chunk after the goodbye for the beginning of another
    // connection.
    this.#sendControl({ kind: this.#outbox.isEmpty() ? 'B' : 'X' });
    this.#outbox.clear();
    // A goodbye is sent only once, even if both ends close. Nobody would fetch a second goodbye, and this process could
    // not end before libzmq has given up sending it.
    this.#hasSaidGoodbye = true;
    await this.#sendLoop.drain(() => this.#control.length === 0, this.#lingerMs);
    this.#end(sentence, refused);
  }
}
