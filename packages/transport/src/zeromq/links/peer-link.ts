import { decodePeerAnswerHeader, decodePeerHeader, type Limits } from '../../codec/codec.ts';
import type { Memory } from '../../codec/memory.ts';
import { createEventQueue } from '../../event-queue.ts';
import type { KeyedLink, PeerLink, PeerLinkEvent, WorkerLink } from '../../links.ts';
import type { PeerAnswer, PeerMessage } from '../../protocol/messages.ts';
import type { CrewMember } from '../../protocol/shared-fields.ts';
import { createKeyPair, type KeyPair } from '../keys/key-files.ts';
import { defaultFlowCount } from '../sockets/flow-ids.ts';
import { openConnectingLink } from './connecting-link.ts';
import { openListeningLink } from './listening-link.ts';
import { isLocalAddress } from '../sockets/local-address.ts';

/** Where a worker listens for its peers. */
export interface PeerLinkOptions {
  /**
   * `tcp://ADDRESS:PORT` that the peers can reach, `*` for any free port; or a socket file in the coordinator's folder.
   */
  readonly bind: string;
  readonly limits?: Limits;
  /** Gives received arrays memory that earlier arrays no longer need. By default each array gets new memory. */
  readonly memory?: Memory;
  /** Number of TCP connections that arrays travel over, to all peers together. Each peer gets at least one. */
  readonly flowCount?: number;
  /** How long to try to reach a peer. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
}

/**
 * Opens a worker's link to its peers: a listening link, and a connecting link to each peer that is sent a message. The
 * link gets a new key pair. The coordinator tells all members of the crew the public keys of the others, and no other
 * key is let in. Rejects with a UserError if the address cannot be bound. Tests: links.test.ts.
 */
export async function createPeerLink(options: PeerLinkOptions): Promise<PeerLink> {
  const { bind, limits, memory } = options;
  const keys = createKeyPair();
  const peers = new Map<string, Peer>();
  const isAuthorized = (publicKey: string): boolean => isKeyOf(peers, publicKey);
  const listener = await openListeningLink<PeerMessage, PeerAnswer>(
    { bind, keys, isAuthorized, limits, memory, lingerMs: 0 },
    {
      decode: decodePeerHeader,
      refusal: (sentence) => ({ kind: 'reject', reason: 'malformed-message', sentence }),
      dropped: { told: 'This worker is no longer a peer.', sentence: 'It is no longer a peer.' },
    },
  );
  return new ZeromqPeerLink(options, keys, listener, peers);
}

type Listener = KeyedLink<PeerMessage, PeerAnswer>;
type LinkToPeer = WorkerLink<PeerAnswer, PeerMessage>;

interface Peer {
  readonly member: CrewMember;
  /** Opened at the first message. */
  link: LinkToPeer | undefined;
}

class ZeromqPeerLink implements PeerLink {
  readonly address: string;
  readonly publicKey: string;
  readonly #options: PeerLinkOptions;
  readonly #keys: KeyPair;
  readonly #listener: Listener;
  readonly #peers: Map<string, Peer>;
  readonly #events = createEventQueue<PeerLinkEvent>();

  constructor(options: PeerLinkOptions, keys: KeyPair, listener: Listener, peers: Map<string, Peer>) {
    this.address = listener.address;
    this.publicKey = keys.publicKey;
    this.#options = options;
    this.#keys = keys;
    this.#listener = listener;
    this.#peers = peers;
    void this.#readListener();
  }

  events(): AsyncIterable<PeerLinkEvent> {
    return this.#events;
  }

  meet(members: readonly CrewMember[]): void {
    for (const peer of this.#peers.values())
      if (!members.some((member) => isSame(member, peer.member))) this.#part(peer);
    for (const member of members)
      if (!this.#peers.has(member.name)) this.#peers.set(member.name, { member, link: undefined });
    this.#listener.dropKeys((publicKey) => !isKeyOf(this.#peers, publicKey));
  }

  send(worker: string, message: PeerMessage): void {
    const peer = this.#peers.get(worker);
    if (peer === undefined) return;
    peer.link ??= this.#openLink(peer);
    peer.link.send(message);
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) this.#part(peer);
    await this.#listener.close();
    this.#events.end();
  }

  #openLink(peer: Peer): LinkToPeer {
    const { limits, memory, connectTimeoutMs, flowCount = defaultFlowCount() } = this.#options;
    // The flows are divided among the peers: the connections to all peers together keep the network and the threads
    // busy.
    const flowsEach = Math.max(1, Math.floor(flowCount / this.#peers.size));
    const { address, publicKey } = peer.member;
    const keys = isLocalAddress(address) ? undefined : { ...this.#keys, serverKey: publicKey };
    const link: LinkToPeer = openConnectingLink(
      { connect: address, keys, limits, memory, connectTimeoutMs, flowCount: flowsEach, lingerMs: 0 },
      { decode: decodePeerAnswerHeader, whom: 'worker' },
    );
    void this.#readLink(peer, link);
    return link;
  }

  #part(peer: Peer): void {
    this.#peers.delete(peer.member.name);
    void peer.link?.close();
  }

  async #readListener(): Promise<void> {
    for await (const event of this.#listener.events()) if (event.kind === 'message') this.#events.push(event);
  }

  async #readLink(peer: Peer, link: LinkToPeer): Promise<void> {
    const { name } = peer.member;
    for await (const event of link.events()) {
      if (this.#peers.get(name) !== peer) return;
      const sentence = event.kind === 'message' ? event.message.sentence : event.sentence;
      this.#events.push({ kind: 'unreachable', worker: name, sentence });
    }
  }
}

function isKeyOf(peers: ReadonlyMap<string, Peer>, publicKey: string): boolean {
  return [...peers.values()].some(({ member }) => member.publicKey === publicKey);
}

const isSame = (a: CrewMember, b: CrewMember): boolean =>
  a.name === b.name && a.address === b.address && a.publicKey === b.publicKey;
