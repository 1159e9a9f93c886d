/**
 * The listening end over ZeroMQ: one ROUTER socket, encrypted with CURVE over TCP. It notices in three ways that the
 * other end of a connection is gone. First, libzmq's own threads watch the TCP connection: a killed process closes its
 * socket, and a process that is stopped or cut off sends no heartbeats. Second, a frame that is sent to a process that
 * is gone fails at once, and each connection gets a ping ten times a second. Third, after a call of `watch`, the
 * program at the other end must answer the pings. Before that call, a program whose JavaScript is busy is not taken for
 * dead.
 */
import { Context, type Router } from 'zeromq';
import { defaultLimits, type DecodeHeader, type Limits } from '../../codec/codec.ts';
import { isGoodbye, type Frame } from '../../codec/frame.ts';
import { createInbox } from '../../codec/inbox.ts';
import { createMemoryLoans, type MemoryLoans } from '../../codec/memory-loans.ts';
import type { Memory } from '../../codec/memory.ts';
import { createOutbox } from '../../codec/outbox.ts';
import { ProtocolError } from '../../codec/protocol-error.ts';
import { createEventQueue } from '../../event-queue.ts';
import type { CoordinatorLinkEvent, KeyedLink } from '../../links.ts';
import type { Message } from '../../protocol/messages.ts';
import { startAuthorization } from '../keys/authorization.ts';
import type { KeyPair } from '../keys/key-files.ts';
import { createChallenge, provedKey } from '../keys/key-proof.ts';
import { explainBindError } from '../sockets/bind-error.ts';
import { defaultFlowCount, readFlowId } from '../sockets/flow-ids.ts';
import { openListeningSocket } from '../sockets/listening-socket.ts';
import { isIpv6Address, resolveAddress } from '../sockets/resolve-address.ts';
import {
  acceptFrame,
  breakOff,
  countPing,
  createConnection,
  isSilent,
  nextFrame,
  noteSignOfLife,
  routingIdOf,
  type Connection,
} from './connection.ts';
import { isLocalAddress } from '../sockets/local-address.ts';
import { createSendLoop } from './send-loop.ts';

/** Where to listen, who may connect, and how long to wait. */
export interface ListeningLinkOptions {
  /**
   * Default `tcp://127.0.0.1:*`: this machine only, any free port. TCP is always encrypted and authenticated.
   * `ipc://PATH`, a socket file in a folder that only the user may enter, is guarded by the kernel instead, and costs
   * no encryption.
   */
  readonly bind?: string;
  readonly keys: KeyPair;
  /** Called for every flow and every connection over TCP. */
  readonly isAuthorized: (publicKey: string) => boolean;
  readonly limits?: Limits;
  /** Gives received arrays memory that earlier arrays no longer need. By default each array gets new memory. */
  readonly memory?: Memory;
  /** Called with a sentence for the log. */
  readonly onNotice?: (sentence: string) => void;
  /** The largest number of connections; further ones are not accepted. Default 256. */
  readonly maxConnections?: number;
  /** Time between two pings. Default 100 ms. */
  readonly pingMs?: number;
  /** How long `close` waits until what is queued is sent. Default 2000 ms. */
  readonly lingerMs?: number;
}

/** The messages that a listening link takes and sends. */
export interface ListeningDialect<Received, Sent> {
  readonly decode: DecodeHeader<Received>;
  /** The message that tells the other end that what it sent was malformed. */
  readonly refusal: (sentence: string) => Sent;
  /** What happened to an other end whose key is no longer authorized: for that end, and for this one. */
  readonly dropped: { readonly told: string; readonly sentence: string };
}

/** Binds and listens. Rejects with a UserError if the address cannot be bound. */
export async function openListeningLink<Received, Sent extends Message>(
  options: ListeningLinkOptions,
  dialect: ListeningDialect<Received, Sent>,
): Promise<KeyedLink<Received, Sent>> {
  const { keys, isAuthorized } = options;
  const bind = await resolveAddress(options.bind ?? 'tcp://127.0.0.1:*');
  const context = new Context({ ioThreads: Math.max(2, defaultFlowCount()) });
  const isLocal = isLocalAddress(bind);
  const authorization = isLocal ? undefined : await startAuthorization(context, isAuthorized);
  const socket = openListeningSocket({
    context,
    keys: isLocal ? undefined : keys,
    limits: options.limits ?? defaultLimits,
    ipv6: isIpv6Address(bind),
  });
  try {
    await socket.bind(bind);
  } catch (error) {
    socket.close();
    authorization?.close();
    throw explainBindError(bind, error);
  }
  return new ZeromqListeningLink({ socket, onClose: () => authorization?.close() }, options, dialect);
}

interface Listening {
  /** The socket, already bound. */
  readonly socket: Router;
  readonly onClose: () => void;
}

class ZeromqListeningLink<Received, Sent extends Message> implements KeyedLink<Received, Sent> {
  readonly address: string;
  readonly #dialect: ListeningDialect<Received, Sent>;
  readonly #listening: Listening;
  readonly #socket: Router;
  readonly #keys: KeyPair;
  readonly #isAuthorized: (publicKey: string) => boolean;
  readonly #limits: Limits;
  readonly #memory: Memory | undefined;
  readonly #isLocal: boolean;
  #onNotice: ((sentence: string) => void) | undefined;
  readonly #maxConnections: number;
  readonly #lingerMs: number;
  readonly #pingMs: number;
  readonly #events = createEventQueue<CoordinatorLinkEvent<Received>>();
  readonly #connections = new Map<string, Connection<Received>>();
  readonly #sendLoop = createSendLoop(() => this.#sendNext());
  readonly #ping: NodeJS.Timeout;
  #isClosing = false;

  constructor(listening: Listening, options: ListeningLinkOptions, dialect: ListeningDialect<Received, Sent>) {
    this.#listening = listening;
    this.#socket = listening.socket;
    this.#dialect = dialect;
    this.#keys = options.keys;
    this.#isAuthorized = options.isAuthorized;
    this.#limits = options.limits ?? defaultLimits;
    this.#memory = options.memory;
    this.#isLocal = isLocalAddress(options.bind ?? '');
    this.#onNotice = options.onNotice;
    this.#maxConnections = options.maxConnections ?? 256;
    this.#lingerMs = options.lingerMs ?? 2000;
    this.address = this.#socket.lastEndpoint ?? '';
    this.#pingMs = options.pingMs ?? 100;
    this.#ping = setInterval(() => this.#pingAll(), this.#pingMs);
    void receiveAll(this.#socket, (routingId, kind, parts) => this.#take(routingId, kind, parts));
  }

  events(): AsyncIterable<CoordinatorLinkEvent<Received>> {
    return this.#events;
  }

  send(name: string, message: Sent): void {
    const connection = this.#connections.get(name);
    if (connection === undefined || connection.isLeaving) return;
    connection.outbox.add(message);
    this.#sendLoop.wake();
  }

  disconnect(name: string): void {
    const connection = this.#connections.get(name);
    if (connection !== undefined) connection.isLeaving = true;
    this.#sendLoop.wake();
  }

  watch(name: string, silenceMs: number): void {
    const connection = this.#connections.get(name);
    if (connection !== undefined) connection.mayLeaveUnanswered = Math.ceil(silenceMs / this.#pingMs);
  }

  dropKeys(isDropped: (publicKey: string) => boolean): void {
    for (const [name, connection] of this.#connections) {
      const { publicKey, hasSaidGoodbye } = connection;
      if (publicKey !== undefined && !hasSaidGoodbye && isDropped(publicKey)) this.#drop(name, connection);
    }
    this.#sendLoop.wake();
  }

  /**
   * libzmq cannot end a connection whose other end stays. So the other end is told to go, and nothing more is read from
   * it.
   */
  #drop(name: string, connection: Connection<Received>): void {
    const { told, sentence } = this.#dialect.dropped;
    if (!connection.isLeaving) this.#events.push({ kind: 'left', connection: name, sentence });
    breakOff(connection, told);
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearInterval(this.#ping);
    for (const connection of this.#connections.values()) connection.isLeaving = true;
    await this.#sendLoop.drain(() => [...this.#connections.values()].every(isSilent), this.#lingerMs);
    for (const connection of this.#connections.values()) connection.loans?.close();
    this.#socket.close();
    this.#listening.onClose();
    this.#events.end();
  }

  /**
   * Silence is measured in pings, not in time: a process that was stopped for a minute sends one ping for that minute,
   * so it does not blame the other ends. Silence is judged only after everything that has arrived was handled: Node
   * reads the sockets between a timer and the `setImmediate` that it schedules.
   */
  #pingAll(): void {
    for (const connection of this.#connections.values()) {
      if (connection.control.length === 0) connection.control.push({ kind: 'P' });
      countPing(connection);
    }
    setImmediate(() => this.#giveUpSilent());
    this.#sendLoop.wake();
  }

  #giveUpSilent(): void {
    for (const [name, connection] of this.#connections)
      if (isSilent(connection) && !connection.isLeaving) this.#giveUp(name, connection);
  }

  /** If the other end recovers, it finds a goodbye and connects again, as a new connection. */
  #giveUp(name: string, connection: Connection<Received>): void {
    breakOff(connection);
    this.#events.push({
      kind: 'left',
      connection: name,
      sentence: `The worker has given no sign of life for ${connection.unanswered * this.#pingMs} ms.`,
    });
  }

  /** Sends one frame of each connection that has one. Returns whether there was any. */
  async #sendNext(): Promise<boolean> {
    let hasSent = false;
    for (const [name, connection] of this.#connections) {
      if (this.#socket.closed) return false;
      const frame = nextFrame(connection);
      if (frame === undefined) continue;
      hasSent = true;
      const routingId = routingIdOf(connection, frame);
      try {
        await this.#socket.send([routingId, frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
        this.#forget(name, `The connection to the worker broke (${code}).`);
      }
    }
    return hasSent;
  }

  #forget(name: string, sentence: string): void {
    const connection = this.#connections.get(name);
    this.#connections.delete(name);
    connection?.loans?.close();
    if (connection !== undefined && !connection.isLeaving)
      this.#events.push({ kind: 'left', connection: name, sentence });
  }

  /** Tells the other end what was wrong with what it sent, then ends the connection. */
  #refuse(name: string, connection: Connection<Received>, sentence: string): void {
    // A worker of an older version knows no challenge. If its hello came first, it reads the refusal instead.
    if (connection.challenge !== undefined) connection.control.splice(0);
    connection.outbox.add(this.#dialect.refusal(sentence));
    connection.isLeaving = true;
    this.#events.push({ kind: 'left', connection: name, sentence });
  }

  #take(routingId: Buffer, kind: string, parts: Buffer[]): void {
    const { connection: name, flow, flowCount } = readFlowId(routingId);
    const connection = this.#connections.get(name) ?? this.#begin(name, flowCount);
    if (connection === undefined) return;
    connection.flows[flow] = routingId;
    noteSignOfLife(connection);
    if (connection.isLeaving && isGoodbye(kind)) this.#forget(name, '');
    else if (!connection.isLeaving || kind === 'G') this.#accept(name, connection, flow, kind, parts);
    this.#sendLoop.wake();
  }

  #begin(name: string, flowCount: number): Connection<Received> | undefined {
    if (this.#connections.size >= this.#maxConnections || this.#isClosing) return undefined;
    const control: Frame[] = [];
    const loans = this.#isLocal ? this.#createLoans(control) : undefined;
    const inbox = createInbox(this.#dialect.decode, this.#limits, this.#memory, loans?.borrow);
    const challenge = this.#isLocal ? undefined : createChallenge();
    const outbox = createOutbox(loans?.lend);
    const connection = createConnection({ inbox, outbox, loans, control }, flowCount, challenge);
    this.#connections.set(name, connection);
    return connection;
  }

  #createLoans(control: Frame[]): MemoryLoans {
    return createMemoryLoans({
      sharing: () => this.#memory?.sharing?.(),
      push: (frame) => {
        control.push(frame);
        this.#sendLoop.wake();
      },
      onRefused: (sentence) => {
        this.#onNotice?.(sentence);
        this.#onNotice = undefined;
      },
    });
  }

  #accept(name: string, connection: Connection<Received>, flow: number, kind: string, parts: Buffer[]): void {
    try {
      if (kind === 'K') return this.#acceptProof(name, connection, parts);
      const { messages, isGoodbye: isOver } = acceptFrame(connection, flow, kind, parts);
      for (const message of messages) this.#events.push({ kind: 'message', connection: name, message });
      if (isOver) this.#forget(name, 'The worker closed the link.');
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(name, connection, error.message);
    }
  }

  #acceptProof(name: string, connection: Connection<Received>, parts: Buffer[]): void {
    if (connection.challenge === undefined || parts.length !== 1)
      throw new ProtocolError('Nobody expected the proof of a key.');
    const publicKey = provedKey(this.#keys, connection.challenge, parts[0]);
    if (publicKey === undefined) throw new ProtocolError('The proof of a key is wrong.');
    // The key may have been revoked after the flow was let in, and it may be another one than the flow's.
    if (!this.#isAuthorized(publicKey)) return this.#drop(name, connection);
    connection.challenge = undefined;
    connection.publicKey = publicKey;
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
