/** Listens to the other workers of a crew, also while a lease is computed. */
import type { Logger } from '@lstm-gan/run';
import type { PeerLink, RunHeader, WorkerLink } from '@lstm-gan/transport';
import type { SlicedExchange } from './sliced-exchange.ts';

export interface PeerEars {
  readonly peers: PeerLink;
  readonly exchange: SlicedExchange;
  readonly header: RunHeader;
  readonly link: WorkerLink;
  readonly log: Logger;
}

/** A worker that is gone is noticed by the coordinator within two seconds; only what stays unreachable beyond that is a broken way. */
const graceMs = 5000;

/** Until the link to the others is closed; an error in what follows from their words ends the link to the coordinator. */
export function hearPeers({ peers, exchange, header, link, log }: PeerEars): void {
  const complain = (worker: string, sentence: string): void => {
    const { crew } = exchange;
    setTimeout(() => {
      if (exchange.crew === crew)
        link.send({ kind: 'unreachable', ...header, crew, worker, sentence: sentence.slice(0, 2000) });
    }, graceMs).unref();
  };
  const listen = async (): Promise<void> => {
    for await (const event of peers.events()) {
      if (event.kind === 'unreachable') complain(event.worker, event.sentence);
      else if (!exchange.hear(event.message))
        log.debug({ kind: event.message.kind, crew: event.message.crew, step: event.message.step }, 'dropped');
    }
  };
  void listen().catch((error: unknown) => {
    log.error(error);
    return link.close();
  });
}
