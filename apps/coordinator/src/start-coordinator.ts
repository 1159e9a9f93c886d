/** The coordinator: a loop that turns what happens on a link, and the passing of time, into what training makes of it. */
import type { CoordinatorOptions, TrainingResult } from './coordinator-options.ts';
import { Training } from './training.ts';

/** How often it is looked whether somebody is late. */
const tickMs = 50;

/** Trains until `steps` are committed or the signal stops it; throws a UserError when training cannot go on. */
export async function startCoordinator(options: CoordinatorOptions): Promise<TrainingResult> {
  const training = new Training(options);
  const onAbort = (): void => {
    training.handle({ kind: 'stop' });
    // Where nobody is at work there is nothing to wait for, and no event to hear that from.
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
