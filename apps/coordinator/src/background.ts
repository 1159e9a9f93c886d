/**
 * Runs jobs one after the other while training goes on. After a job has failed, the next call throws the error of the
 * first failed job.
 */
export interface Background {
  /** Aborted at the first failure, so that a caller learns of it before its next call. */
  readonly failed: AbortSignal;
  run(job: () => Promise<void>): void;
  /** True while a job runs or waits. */
  isBusy(): boolean;
  /** Resolves when all jobs have ended. Rejects with the first failure. */
  drained(): Promise<void>;
}

export function createBackground(): Background {
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;
  let failure: { error: unknown } | undefined;
  const failed = new AbortController();
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    failed: failed.signal,
    run(job) {
      throwFailure();
      waiting += 1;
      tail = tail
        .then(job)
        .catch((error: unknown) => {
          failure ??= { error };
          failed.abort();
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    isBusy: () => waiting > 0,
    async drained() {
      await tail;
      throwFailure();
    },
  };
}
