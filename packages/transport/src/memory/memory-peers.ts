/** Peer links inside one process. Arrays are copied, because what arrives belongs to the receiver. */
import { createEventQueue, type EventQueue } from '../event-queue.ts';
import type { PeerLink, PeerLinkEvent } from '../links.ts';
import type { CrewMember } from '../protocol/shared-fields.ts';

/** The workers of one process that can be each other's peers. */
export interface MemoryPeers {
  /** Adds a worker, and returns the worker's peer link. */
  open(): PeerLink;
}

/** Peer links that can reach each other. */
export function createMemoryPeers(): MemoryPeers {
  const ends = new Map<
    string,
    { readonly queue: EventQueue<PeerLinkEvent>; readonly lets: (publicKey: string) => boolean }
  >();
  let opened = 0;
  return {
    open() {
      const publicKey = `memory-${++opened}`;
      const queue = createEventQueue<PeerLinkEvent>();
      let others: readonly CrewMember[] = [];
      ends.set(publicKey, { queue, lets: (key) => others.some((member) => member.publicKey === key) });
      return {
        address: 'memory',
        publicKey,
        events: () => queue,
        meet(members) {
          others = members;
        },
        send(worker, message) {
          const other = others.find(({ name }) => name === worker);
          const end = other && ends.get(other.publicKey);
          if (other === undefined) return;
          if (end?.lets(publicKey) === true) end.queue.push({ kind: 'message', message: structuredClone(message) });
          else queue.push({ kind: 'unreachable', worker, sentence: 'The worker is gone.' });
        },
        async close() {
          ends.delete(publicKey);
          queue.end();
        },
      };
    },
  };
}
