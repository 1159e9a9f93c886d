import type { Engine } from '@lstm-gan/engine';
import type { Logger, RunConfig } from '@lstm-gan/run';
import type { PeerLink, WorkerLink } from '@lstm-gan/transport';

export interface WorkerOptions {
  readonly link: WorkerLink;
  /** Unique in the run. */
  readonly name: string;
  /** Called when the run's configuration has arrived. */
  readonly openEngine: (config: RunConfig) => Promise<Engine>;
  /** Called only if the run's exchange is sliced: opens this worker's link to the other workers. */
  readonly openPeers: () => Promise<PeerLink>;
  /** Equal for workers on one machine. */
  readonly host: string;
  /** Whether the coordinator runs on this machine. */
  readonly besideCoordinator: boolean;
  readonly log: Logger;
  /** Aborted to leave after the current lease. */
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}
