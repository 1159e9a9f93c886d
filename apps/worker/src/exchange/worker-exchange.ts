import type { Contribution, CoordinatorMessage, Ready } from '@lstm-gan/transport';

/** The messages that a coordinator sends only to workers in a sliced exchange. */
export type CrewMessage = Extract<CoordinatorMessage, { kind: 'crew' | 'seed' | 'begin' | 'gather' }>;

/**
 * How gradients leave a worker and how new weights reach it: through the coordinator (star), or directly between the
 * workers (sliced).
 */
export interface WorkerExchange {
  /**
   * Where other workers reach this worker. Null in the star, where workers do not exchange messages with each other.
   */
  readonly address: Ready['peer'];
  /** Tells the coordinator that a lease is computed, and sends its partial sums to where they are folded. */
  contribute(contribution: Contribution): void;
  /** Called when the coordinator has sent all weights of a network and the worker computes with them from now on. */
  weightsArrived(): void;
  receive(message: CrewMessage): Promise<void>;
  close(): Promise<void>;
}
