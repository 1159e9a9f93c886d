/** Runs jobs one after the other beside the training loop; the first failure is kept and thrown at the next call. */
export interface Background {
  /** Aborted at the first failure, for whoever is not to wait for the next call. */
  readonly failed: AbortSignal;
  run(job: () => Promise<void>): void;
  /** True while a job is at work. */
  isBusy(): boolean;
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
