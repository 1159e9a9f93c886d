import type { WorkerLink } from '@lstm-gan/transport';
import type { WorkerExchange } from '../worker-exchange.ts';

/** The star: the coordinator folds the partial sums, updates the weights, and sends them to all workers. */
export function createStarExchange(link: WorkerLink): WorkerExchange {
  return {
    address: null,
    contribute: (contribution) => link.send(contribution),
    weightsArrived: () => undefined,
    receive: (message) => {
      throw new Error(`Bug: the coordinator of a star sent ${message.kind}`);
    },
    close: () => Promise.resolve(),
  };
}
