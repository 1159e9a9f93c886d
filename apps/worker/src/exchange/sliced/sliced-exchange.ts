/**
 * The sliced exchange as a worker takes part in it: connects a `SlicedMember`, which knows the rules, to the links to
 * the coordinator and to the other workers. Messages of other workers are handled at any time, also while a lease is
 * computed.
 */
import type { Network } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { Logger, RunConfig } from '@lstm-gan/run';
import type { PeerLink, RunHeader, WorkerLink } from '@lstm-gan/transport';
import type { CurrentWeights } from '../../current-weights.ts';
import type { CrewMessage, WorkerExchange } from '../worker-exchange.ts';
import { SlicedMember } from './sliced-member.ts';

export interface SlicedExchangeOptions {
  readonly link: WorkerLink;
  /** This worker's link to the other workers. Closing the exchange closes the link. */
  readonly peers: PeerLink;
  /** The name of this machine: equal for workers on one machine. */
  readonly host: string;
  readonly header: RunHeader;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  readonly weights: CurrentWeights;
  /** Releases a network's weights. Resolves when nothing computes with them any more and they are released. */
  readonly releaseWeights: (network: Network) => Promise<void>;
  readonly log: Logger;
  readonly now: () => number;
}

export function createSlicedExchange(options: SlicedExchangeOptions): WorkerExchange {
  const { link, peers, host, header, config, arithmetic, weights, releaseWeights, now } = options;
  const member = new SlicedMember({
    header,
    config,
    arithmetic,
    weights,
    now,
    post: {
      meet: (others) => peers.meet(others),
      toPeer: (worker, message) => peers.send(worker, message),
      report: (message) => link.send(message),
    },
  });
  listenToPeers(member, options);

  return {
    address: { address: peers.address, publicKey: peers.publicKey, host },
    contribute(contribution) {
      // The sums go to the owners of their slices; the coordinator hears only that the lease is computed.
      link.send({ ...contribution, sums: [] });
      member.contribute(contribution, contribution.sums);
    },
    weightsArrived: () => member.reportIfSettled(),
    async receive(message: CrewMessage) {
      if (message.kind === 'seed') return member.takeSeed(message);
      const network = member.networkToReplace(message.weightsVersions);
      if (network !== undefined) {
        await releaseWeights(network);
        member.applyRound();
      }
      if (message.kind === 'crew') member.joinCrew(message);
      else if (message.kind === 'begin') member.beginRound(message);
      else member.sendSlices(message);
    },
    close: () => peers.close(),
  };
}

/**
 * The coordinator notices within two seconds if a worker has died. So a worker that is still in the crew after this
 * time is alive, but cannot be reached from here.
 */
const reportUnreachableAfterMs = 5000;

/** Listens until the link to the other workers is closed. After an error it closes the link to the coordinator. */
function listenToPeers(member: SlicedMember, { peers, header, link, log }: SlicedExchangeOptions): void {
  const reportUnreachable = (worker: string, sentence: string): void => {
    const { crew } = member;
    setTimeout(() => {
      if (member.crew !== crew) return;
      link.send({ kind: 'unreachable', ...header, crew, worker, sentence: sentence.slice(0, 2000) });
    }, reportUnreachableAfterMs).unref();
  };
  const listen = async (): Promise<void> => {
    for await (const event of peers.events()) {
      if (event.kind === 'unreachable') {
        reportUnreachable(event.worker, event.sentence);
        continue;
      }
      const { message } = event;
      if (!member.receive(message))
        log.debug({ kind: message.kind, crew: message.crew, step: message.step }, 'dropped');
    }
  };
  void listen().catch((error: unknown) => {
    log.error(error);
    return link.close();
  });
}
