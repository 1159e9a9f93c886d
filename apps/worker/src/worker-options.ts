import type { Engine } from '@lstm-gan/engine';
import type { Logger, RunConfig } from '@lstm-gan/run';
import type { PeerLink, WorkerLink } from '@lstm-gan/transport';

export interface WorkerOptions {
  readonly link: WorkerLink;
  /** The worker's name. No other worker of the run has it. */
  readonly name: string;
  /** SHA-256 of the file of networks that this process has registered, if there is one. */
  readonly modelSource?: string;
  /** Called when the run's configuration has arrived. */
  readonly openEngine: (config: RunConfig) => Promise<Engine>;
  /** Called only if the run's exchange is sliced: opens this worker's link to the other workers. */
  readonly openPeers: () => Promise<PeerLink>;
  /** The name of this machine: equal for workers on one machine. */
  readonly host: string;
  /** Whether the worker reaches the coordinator through a socket file. If so, the coordinator runs on this machine. */
  readonly besideCoordinator: boolean;
  readonly log: Logger;
  /** Called when the worker has told the coordinator what it computes with: from now on it may have work. */
  readonly onReady?: () => void;
  /** When this signal is aborted, the worker asks to leave. It leaves when the coordinator lets it go. */
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}
