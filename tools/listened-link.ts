import type { CoordinatorLink, WorkerMessage } from '@lstm-gan/transport';

export interface Listener {
  readonly onMessage?: (message: WorkerMessage) => void;
  /** The coordinator hears of nothing until it resolves; asked before every message. */
  readonly hold?: () => Promise<void>;
}

/** A link that tells what is heard on it, and can be held up. */
export function listened(link: CoordinatorLink, { onMessage, hold }: Listener): CoordinatorLink {
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
