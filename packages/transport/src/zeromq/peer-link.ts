/**
 * A worker's end towards the other workers over ZeroMQ: a ROUTER that it listens with, as a coordinator does, and a DEALER
 * to each other worker, as towards a coordinator. Its key pair is made anew; the coordinator tells everybody the public keys
 * of the crew, and no other key gets in.
 */
import { createEventQueue } from '../event-queue.ts';
import type { CoordinatorLink, PeerLink, PeerLinkEvent, WorkerLink } from '../link.ts';
import type { PeerMessage, Reject } from '../protocol/messages.ts';
import type { CrewMember } from '../protocol/shared-fields.ts';
import { decodePeerHeader, decodePeerAnswerHeader, type Limits } from '../codec/codec.ts';
import type { Memory } from '../codec/stream.ts';
import { isLocalAddress, listen } from './coordinator-link.ts';
import { defaultFlowCount } from './flow-ids.ts';
import { createKeyPair, type KeyPair } from './keys.ts';
import { connect } from './worker-link.ts';

/** Where a worker listens for the others. */
export interface PeerLinkOptions {
  /** `tcp://ADDRESS:PORT` that the others can reach, `*` for any free port; or a socket in the coordinator's own folder. */
  readonly bind: string;
  readonly limits?: Limits;
  /** Memory that is used again, instead of plain arrays. */
  readonly memory?: Memory;
  /** How many TCP connections arrays travel over to the others; at least one to each. */
  readonly flowCount?: number;
  /** How long to try to reach another worker. */
  readonly connectTimeoutMs?: number;
}

/** Binds; throws a UserError for an address that cannot be had. */
export async function createPeerLink(options: PeerLinkOptions): Promise<PeerLink> {
  const { bind, limits, memory } = options;
  const keys = createKeyPair();
  const others = new Map<string, Other>();
  const isMet = (publicKey: string): boolean =>
    [...others.values()].some(({ member }) => member.publicKey === publicKey);
  const listener = await listen<PeerMessage, Reject>(
    { bind, keys, isAuthorized: isMet, limits, memory, lingerMs: 0 },
    { decode: decodePeerHeader, refusal: (sentence) => ({ kind: 'reject', reason: 'malformed-message', sentence }) },
  );
  return new ZeromqPeerLink(options, keys, listener, others);
}

class ZeromqPeerLink implements PeerLink {
  readonly address: string;
  readonly publicKey: string;
  readonly #options: PeerLinkOptions;
  readonly #keys: KeyPair;
  readonly #listener: CoordinatorLink<PeerMessage, Reject>;
  readonly #others: Map<string, Other>;
  readonly #events = createEventQueue<PeerLinkEvent>();

  constructor(
    options: PeerLinkOptions,
    keys: KeyPair,
    listener: CoordinatorLink<PeerMessage, Reject>,
    others: Map<string, Other>,
  ) {
    this.address = listener.address;
    this.publicKey = keys.publicKey;
    this.#options = options;
    this.#keys = keys;
    this.#listener = listener;
    this.#others = others;
    void this.#hearListener();
  }

  events(): AsyncIterable<PeerLinkEvent> {
    return this.#events;
  }

  meet(members: readonly CrewMember[]): void {
    for (const other of this.#others.values())
      if (!members.some((member) => isSame(member, other.member))) this.#part(other);
    for (const member of members)
      if (!this.#others.has(member.name)) this.#others.set(member.name, { member, line: undefined });
  }

  send(worker: string, message: PeerMessage): void {
    const other = this.#others.get(worker);
    if (other === undefined) return;
    other.line ??= this.#reach(other);
    other.line.send(message);
  }

  async close(): Promise<void> {
    for (const other of this.#others.values()) this.#part(other);
    await this.#listener.close();
    this.#events.end();
  }

  #reach(other: Other): Line {
    const { limits, memory, connectTimeoutMs, flowCount = defaultFlowCount() } = this.#options;
    // Lines to many others fill a network, and the threads, by themselves.
    const flowsEach = Math.max(1, Math.floor(flowCount / this.#others.size));
    const { address, publicKey } = other.member;
    const keys = isLocalAddress(address) ? undefined : { ...this.#keys, serverKey: publicKey };
    const line: Line = connect(
      { connect: address, keys, limits, memory, connectTimeoutMs, flowCount: flowsEach, lingerMs: 0 },
      { decode: decodePeerAnswerHeader, whom: 'worker' },
    );
    void this.#hearLine(other, line);
    return line;
  }

  #part(other: Other): void {
    this.#others.delete(other.member.name);
    void other.line?.close();
  }

  async #hearListener(): Promise<void> {
    for await (const event of this.#listener.events()) if (event.kind === 'message') this.#events.push(event);
  }

  async #hearLine(other: Other, line: Line): Promise<void> {
    const { name } = other.member;
    for await (const event of line.events()) {
      if (this.#others.get(name) !== other) return;
      const sentence = event.kind === 'message' ? event.message.sentence : event.sentence;
      this.#events.push({ kind: 'unreachable', worker: name, sentence });
    }
  }
}

type Line = WorkerLink<Reject, PeerMessage>;

interface Other {
  readonly member: CrewMember;
  /** From the first message on. */
  line: Line | undefined;
}

const isSame = (a: CrewMember, b: CrewMember): boolean =>
  a.name === b.name && a.address === b.address && a.publicKey === b.publicKey;
