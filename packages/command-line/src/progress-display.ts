/**
 * Shows the progress of long work: as a bar on a terminal, elsewhere as a line every few seconds. Progress goes to
 * standard error, so that standard output holds results only.
 */
import { SingleBar } from 'cli-progress';

export interface ProgressDisplay {
  /** Shows the progress and a text. The bar shows `done` as a part of `total`; a line shows only the text. */
  update(done: number, total: number, text: string): void;
  stop(): void;
}

const lineEveryMs = 5000;

/** Returns a display that writes a label and the progress to a stream. `now` returns milliseconds. */
export function createProgressDisplay(label: string, stream: NodeJS.WriteStream, now: () => number): ProgressDisplay {
  return stream.isTTY
    ? createBar(label, stream)
    : createProgressLines(label, (line) => void stream.write(`${line}\n`), now);
}

function createBar(label: string, stream: NodeJS.WriteStream): ProgressDisplay {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}%  {text}`,
    stream,
    hideCursor: true,
    barsize: 24,
    fps: 8,
    clearOnComplete: false,
  });
  let started = false;
  return {
    update(done, total, text) {
      if (!started) bar.start(total, done, { text });
      else bar.update(done, { text });
      bar.setTotal(total);
      started = true;
    },
    stop: () => started && bar.stop(),
  } as ProgressDisplay;
}

/** Returns a display that calls `write` with a line of text every few seconds. */
export function createProgressLines(label: string, write: (line: string) => void, now: () => number): ProgressDisplay {
  let lastMs = -Infinity;
  let pending: string | undefined;
  const flush = (): void => {
    if (pending !== undefined) write(pending);
    pending = undefined;
  };
  return {
    update(_done, _total, text) {
      pending = `${label} ${text}`;
      if (now() - lastMs < lineEveryMs) return;
      lastMs = now();
      flush();
    },
    stop: flush,
  };
}

/**
 * Returns a function that tells the remaining time. The function measures the speed from its first call on, because
 * workers were starting before. The first call returns an empty text.
 */
export function createCountdown(total: number, now: () => number): (done: number) => string {
  let first: { readonly done: number; readonly atMs: number } | undefined;
  return (done) => {
    first ??= { done, atMs: now() };
    return done === first.done
      ? ''
      : `  ${formatDuration(((now() - first.atMs) / (done - first.done)) * (total - done))} left`;
  };
}

/** Writes a duration as `1 h 02 min`, `3 min 20 s` or `12 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  return minutes > 0 ? `${minutes} min ${String(seconds % 60).padStart(2, '0')} s` : `${seconds} s`;
}
