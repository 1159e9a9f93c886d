/** Sends frames one at a time, because a second send on a socket during another one fails with EBUSY. */
export interface SendLoop {
  /** Says that there may be something to send. */
  wake(): void;
  /**
   * Each time that nothing is left to send, calls `isDone`. Resolves when `isDone` returns true, or after `atMostMs`.
   */
  drain(isDone: () => boolean, atMostMs: number): Promise<void>;
}

/**
 * @param sendNext sends one thing, and resolves to false if there was nothing to send. The loop calls it until it
 * resolves to false, and never while an earlier call is pending.
 */
export function createSendLoop(sendNext: () => Promise<boolean>): SendLoop {
  let isRunning = false;
  let wasWoken = false;
  const waiting = new Set<() => void>();

  const run = async (): Promise<void> => {
    isRunning = true;
    do {
      wasWoken = false;
      while (await sendNext());
    } while (wasWoken);
    isRunning = false;
    for (const look of waiting) look();
  };

  const wake = (): void => {
    wasWoken = true;
    if (!isRunning) void run();
  };

  const drain = (isDone: () => boolean, atMostMs: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isDone()) end();
      };
      const timer = setTimeout(end, atMostMs);
      waiting.add(look);
      wake();
    });

  return { wake, drain };
}
