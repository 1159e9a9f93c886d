import type { CoordinatorLink, WorkerMessage } from '@lstm-gan/transport';

export interface Listener {
  readonly onMessage?: (message: WorkerMessage) => void;
  /** Awaited before each event is given to the coordinator, which gets nothing until the promise resolves. */
  readonly hold?: () => Promise<void>;
}

/** Wraps a coordinator's link: reports each message of a worker, and can hold events back. */
export function observeLink(link: CoordinatorLink, { onMessage, hold }: Listener): CoordinatorLink {
  return {
    address: link.address,
    send: (peer, message) => link.send(peer, message),
    disconnect: (peer) => link.disconnect(peer),
    watch: (peer, silenceMs) => link.watch(peer, silenceMs),
    close: () => link.close(),
    async *events() {
      for await (const event of link.events()) {
        if (event.kind === 'message') onMessage?.(event.message);
        await hold?.();
        yield event;
      }
    },
  };
}
