/**
 * Links inside one process: the same semantics as over a network. Training in one process and most tests run over these.
 * Arrays are copied, because what arrives belongs to the receiver.
 */
import { createEventQueue, type EventQueue } from '../event-queue.ts';
import type { CoordinatorLink, CoordinatorLinkEvent, WorkerLink, WorkerLinkEvent } from '../links.ts';

/** Both ends of a link within one process. */
export interface MemoryLink {
  readonly coordinator: CoordinatorLink;
  /** Joins another worker. */
  connect(): WorkerLink;
}

/** A coordinator's end, and as many workers' ends as are asked for. */
export function createMemoryLink(): MemoryLink {
  const events = createEventQueue<CoordinatorLinkEvent>();
  const peers = new Map<string, EventQueue<WorkerLinkEvent>>();
  let joined = 0;

  const dismiss = (peer: string): void => {
    const queue = peers.get(peer);
    peers.delete(peer);
    queue?.push({ kind: 'closed', sentence: 'The coordinator closed the link.' });
    queue?.end();
  };

  const coordinator: CoordinatorLink = {
    address: 'memory',
    events: () => events,
    send: (peer, message) => peers.get(peer)?.push({ kind: 'message', message: structuredClone(message) }),
    disconnect: dismiss,
    // Both ends are one process.
    watch: () => undefined,
    async close() {
      for (const peer of [...peers.keys()]) dismiss(peer);
      events.end();
    },
  };

  const connect = (): WorkerLink => {
    const peer = `memory-${++joined}`;
    const queue = createEventQueue<WorkerLinkEvent>();
    peers.set(peer, queue);
    return {
      events: () => queue,
      send(message) {
        if (peers.has(peer)) events.push({ kind: 'message', peer, message: structuredClone(message) });
      },
      async close() {
        if (peers.delete(peer)) events.push({ kind: 'left', peer, sentence: 'The worker closed the link.' });
        queue.end();
      },
    };
  };
  return { coordinator, connect };
}
