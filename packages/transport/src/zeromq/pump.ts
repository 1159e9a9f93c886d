/** Sends what there is to send, one thing at a time: two sends at once on a socket give EBUSY. */
export interface Pump {
  wake(): void;
  /** Resolves when `done` holds after a round of sending, or after `atMostMs`. */
  drained(done: () => boolean, atMostMs: number): Promise<void>;
}

/** Runs `step` again and again while it says that there was something to do, never twice at a time. */
export function createPump(step: () => Promise<boolean>): Pump {
  let running = false;
  let again = false;
  const waiting = new Set<() => void>();
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      while (await step());
    } while (again);
    running = false;
    for (const look of waiting) look();
  };
  const wake = (): void => {
    again = true;
    if (!running) void run();
  };
  return {
    wake,
    drained: (done, atMostMs) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        const look = (): void => (done() ? end() : undefined);
        const timer = setTimeout(end, atMostMs);
        waiting.add(look);
        wake();
      }),
  };
}
