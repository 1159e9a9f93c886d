/**
 * A worker's end over ZeroMQ: a DEALER socket for each flow. It does not reconnect by itself: a lost line ends the link, with a
 * sentence, and whoever owns the worker decides what to do.
 */
import { UserError } from '@lstm-gan/core';
import { decodeCoordinatorHeader, defaultLimits, type DecodeHeader, type Limits } from '../codec/codec.ts';
import { createFlowOrder, type FlowOrder } from '../codec/flows.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { createSharedLine, isAboutMemory, type SharedLine } from '../codec/shared-line.ts';
import { createInbox, createOutbox, type Frame, type Inbox, type Memory, type Outbox } from '../codec/stream.ts';
import { createEventQueue } from '../event-queue.ts';
import type { WorkerLink, WorkerLinkEvent } from '../link.ts';
import type { CoordinatorMessage, Message, WorkerMessage } from '../protocol/messages.ts';
import { isLocalAddress } from './coordinator-link.ts';
import { acceptInOrder } from './connected-peer.ts';
import { defaultFlowCount } from './flow-ids.ts';
import { openFlows, type Flows } from './connecting-flows.ts';
import { createPump } from './pump.ts';
import type { WorkerKeys } from './keys.ts';

/** Where a worker connects to, and how patiently. */
export interface WorkerLinkOptions {
  /** For example `tcp://10.0.0.1:4321`. */
  readonly connect: string;
  /** Needed for every address but `ipc://`. */
  readonly keys?: WorkerKeys;
  readonly limits?: Limits;
  /** How many TCP connections arrays travel over, encrypted by a thread each. */
  readonly flowCount?: number;
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
export function connect<Received, Sent extends Message>(
  options: WorkerLinkOptions,
  dialect: ConnectingDialect<Received>,
): WorkerLink<Received, Sent> {
  return new ZeromqWorkerLink<Received, Sent>(options, dialect);
}

class ZeromqWorkerLink<Received, Sent extends Message> implements WorkerLink<Received, Sent> {
  readonly #flows: Flows;
  readonly #order: FlowOrder;
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
  #saidGoodbye = false;
  #framesTaken = 0;

  constructor(options: WorkerLinkOptions, { decode, whom }: ConnectingDialect<Received>) {
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
    this.#line = isLocalAddress(connect)
      ? createSharedLine({ sharing: () => memory?.sharing?.(), push: (frame) => this.#say(frame) })
      : undefined;
    this.#inbox = createInbox(decode, limits, memory, this.#line);
    this.#outbox = createOutbox(this.#line && { lend: (array) => this.#lend(array) });
    this.#lingerMs = lingerMs;
    // Before anything that would have to be ended: it throws where keys are missing.
    this.#flows = openFlows(options, flowCount, whom, {
      connected: () => clearTimeout(this.#patience),
      refuse: (sentence) => this.#end(sentence, true),
      lost: (sentence) => this.#endWhenDrained(sentence),
      take: (flow, kind, parts) => this.#take(flow, kind, parts),
    });
    const late = `No ${whom} answered at ${connect} within ${connectTimeoutMs / 1000} s.`;
    this.#patience = setTimeout(() => this.#end(late), connectTimeoutMs);
    this.#silence = this.#watchSilence(silenceMs);
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
      await this.#flows.send(frame);
    } catch (error) {
      if (this.#open)
        this.#end(`The line to the ${this.#whom} broke (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
      return false;
    }
    return true;
  }

  #take(flow: number, kind: string, parts: Buffer[]): void {
    this.#framesTaken += 1;
    try {
      if (kind === 'P') return this.#answerPing();
      if (kind === 'G') this.#outbox.grant();
      else this.#accept(flow, kind, parts);
      this.#pump.wake();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(`The ${this.#whom} broke the protocol: ${error.message}`);
    }
  }

  #answerPing(): void {
    if (this.#control.length === 0) this.#say({ kind: 'P' });
  }

  #accept(flow: number, kind: string, parts: Buffer[]): void {
    if (parts.length === 1 && this.#line !== undefined && isAboutMemory(kind)) return this.#line.accept(kind, parts[0]);
    const { messages, isGoodbye } = acceptInOrder({ order: this.#order, inbox: this.#inbox }, flow, kind, parts, () =>
      this.#control.push({ kind: 'G' }),
    );
    for (const message of messages) this.#events.push({ kind: 'message', message });
    if (isGoodbye) void this.#sayGoodbye(`The ${this.#whom} closed the link.`);
  }

  #end(sentence: string, refused = false): void {
    if (!this.#open) return;
    this.#open = false;
    this.#line?.close();
    clearTimeout(this.#patience);
    clearInterval(this.#silence);
    this.#flows.close();
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
    // Once, whoever closed first: a second one would find nobody, and the process would linger for it.
    if (!this.#saidGoodbye) this.#control.push({ kind: 'B' });
    this.#saidGoodbye = true;
    await this.#pump.drained(() => this.#outbox.isEmpty() && this.#control.length === 0, this.#lingerMs);
    this.#end(sentence);
  }
}
