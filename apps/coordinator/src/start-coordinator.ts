/** The coordinator's loop: hands the events of a link, and the passing of time, to Training. */
import type { CoordinatorOptions, TrainingResult } from './coordinator-options.ts';
import { Training } from './training.ts';

/** How often late leases are looked for. */
const tickMs = 50;

/**
 * Trains until step `steps` is committed, `isEnough` returns true, or the signal stops training. Throws a UserError if
 * training cannot go on.
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<TrainingResult> {
  const training = new Training(options);
  const onAbort = (): void => {
    training.handle({ kind: 'stop' });
    // The loop below waits for an event. If training ended at once, perhaps no event comes, so the link is closed.
    if (training.isFinished) void options.link.close();
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  const ticks = setInterval(() => training.handle({ kind: 'tick' }), tickMs);
  try {
    if (!training.isFinished) {
      if (options.signal.aborted) onAbort();
      for await (const event of options.link.events()) {
        training.handle(event);
        if (training.isFinished) break;
      }
    }
  } finally {
    clearInterval(ticks);
    options.signal.removeEventListener('abort', onAbort);
    await options.link.close();
  }
  return training.result();
}
