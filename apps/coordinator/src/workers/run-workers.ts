/** The workers of a run: how the coordinator reaches them, and how it learns that none is left. */
import { UserError } from '@lstm-gan/core/errors';
import type { Logger } from '@lstm-gan/run';
import type { CoordinatorLink, Exchange, Limits } from '@lstm-gan/transport';
import type { NativeArithmetic } from '@lstm-gan/engine';

export interface RunWorkers {
  readonly link: CoordinatorLink;
  readonly exchange: Exchange;
  /** Aborted when no worker is left and none will join. The reason is a sentence about the last worker. */
  readonly gone: AbortSignal;
  /** Must be called before the run ends. A worker that ends after this call is not reported as lost. */
  expectEnd(): void;
  /**
   * Resolves when all local workers have ended. The link must be closed before this call. Does not wait for workers
   * that joined.
   */
  ended(): Promise<void>;
}

/** Starts the local workers of a run, or listens for workers that join. Does not wait until one has joined. */
export type GatherWorkers = (context: WorkersContext) => Promise<RunWorkers>;

interface WorkersContext {
  /** The number of shards in a batch. If there are more workers than shards, some have no work. */
  readonly shardCount: number;
  /** The run folder. */
  readonly root: string;
  readonly log: Logger;
  readonly arithmetic: NativeArithmetic;
  /** The file that defines networks of the user's own, which each worker needs too; undefined if there are none. */
  readonly modelFile?: string;
  /** How large a message from a worker may be. */
  readonly limits: Limits;
}

/** Closes the link and waits until all local workers have ended. */
export async function dismissWorkers(workers: RunWorkers): Promise<void> {
  workers.expectEnd();
  await workers.link.close();
  await workers.ended();
}

/** Returns the error of a run that ended too early because its workers ended. */
export function workersGone(root: string, { gone }: RunWorkers): UserError {
  return new UserError({
    code: 'workers-gone',
    message: `All local workers have ended, so the run cannot continue. ${String(gone.reason)}`,
    advice: `Read the ends of ${root}/worker-*.log. The last checkpoint is intact.`,
  });
}
