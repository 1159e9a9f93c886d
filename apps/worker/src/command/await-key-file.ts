import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@lstm-gan/core/errors';
import { lookForKeys, type WorkerKeys } from '@lstm-gan/transport';

const lookEveryMs = 500;

interface KeyFileWait {
  /** For how long to wait. 0: the file is there, or never comes. */
  readonly patienceMs: number;
  /** The time in milliseconds. */
  readonly now: () => number;
  /** Called once, when there is something to wait for. */
  readonly onWait: (sentence: string) => void;
}

/**
 * Reads the keys of a worker. If the file is not there, or is not written to its end, waits for it: a worker may be
 * started before the run has its keys. Throws a UserError when the time is over, and at once if the file is of no use.
 */
export async function awaitKeyFile(file: string, { patienceMs, now, onWait }: KeyFileWait): Promise<WorkerKeys> {
  const startedMs = now();
  for (let looks = 0; ; looks++) {
    const found = await lookForKeys(file);
    if (!(found instanceof UserError)) return found;
    const leftMs = startedMs + patienceMs - now();
    if (leftMs <= 0) throw found;
    if (looks === 0) onWait(`${found.message} Waiting for it, up to ${Math.ceil(leftMs / 1000)} s.`);
    await delay(Math.min(lookEveryMs, leftMs));
  }
}
