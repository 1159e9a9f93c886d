/**
 * Links inside one process, with the semantics of links over a network. Only tests use them: every training, also on
 * one machine, uses worker processes. Arrays are copied, because what arrives belongs to the receiver.
 */
import { createEventQueue, type EventQueue } from '../event-queue.ts';
import type { CoordinatorLink, CoordinatorLinkEvent, WorkerLink, WorkerLinkEvent } from '../links.ts';

/** Both ends of a link within one process. */
export interface MemoryLink {
  readonly coordinator: CoordinatorLink;
  /** Connects one more worker, and returns the worker's link. */
  connect(): WorkerLink;
}

/** A coordinator's link, and a worker's link for each call of `connect`. */
export function createMemoryLink(): MemoryLink {
  const events = createEventQueue<CoordinatorLinkEvent>();
  const connections = new Map<string, EventQueue<WorkerLinkEvent>>();
  let joined = 0;

  const dismiss = (connection: string): void => {
    const queue = connections.get(connection);
    connections.delete(connection);
    queue?.push({ kind: 'closed', sentence: 'The coordinator closed the link.' });
    queue?.end();
  };

  const coordinator: CoordinatorLink = {
    address: 'memory',
    events: () => events,
    send: (connection, message) =>
      connections.get(connection)?.push({ kind: 'message', message: structuredClone(message) }),
    disconnect: dismiss,
    // Both ends are in one process: neither can be silent alone.
    watch: () => undefined,
    async close() {
      for (const connection of [...connections.keys()]) dismiss(connection);
      events.end();
    },
  };

  const connect = (): WorkerLink => {
    const connection = `memory-${++joined}`;
    const queue = createEventQueue<WorkerLinkEvent>();
    connections.set(connection, queue);
    return {
      events: () => queue,
      send(message) {
        if (connections.has(connection))
          events.push({ kind: 'message', connection, message: structuredClone(message) });
      },
      async close() {
        if (connections.delete(connection))
          events.push({ kind: 'left', connection, sentence: 'The worker closed the link.' });
        queue.end();
      },
    };
  };
  return { coordinator, connect };
}
