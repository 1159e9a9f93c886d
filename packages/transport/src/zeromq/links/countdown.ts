/** A deadline for a sign of life from the other end. */
export interface Countdown {
  /** There was a sign of life: the countdown starts again. After `stop` and after expiry this does nothing. */
  restart(): void;
  stop(): void;
}

const tickCount = 10;

/**
 * Calls `onExpired` when `ms` have passed without a sign of life. Only time in which this process ran is counted. Time
 * is counted in ten ticks, and a late tick counts no more than a punctual one: a process that was stopped for a minute,
 * or computed in JavaScript for a minute, did not listen for a minute, so it must not conclude that the other end was
 * silent.
 *
 * A tick counts only after everything that arrived before the tick was handled. After a busy minute the timer may fire
 * before the sockets are read. So the timer only schedules a `setImmediate`, which runs after the sockets are read.
 */
export function startCountdown(ms: number, onExpired: () => void): Countdown {
  let ticksLeft = tickCount;
  let isRunning = true;
  const stop = (): void => {
    isRunning = false;
    clearInterval(timer);
  };
  const count = (): void => {
    if (!isRunning) return;
    ticksLeft -= 1;
    if (ticksLeft > 0) return;
    stop();
    onExpired();
  };
  const timer = setInterval(() => setImmediate(count), ms / tickCount);
  return {
    restart: () => {
      ticksLeft = tickCount;
    },
    stop,
  };
}
