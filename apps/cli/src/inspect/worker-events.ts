/** Reads what a run's log says of its workers: when each of them joined and departed. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { explainReadError } from '@lstm-gan/system';
import { z } from 'zod';

/** How a worker departed: it asked to leave, was lost, or was sent away. `why` is a sentence. */
export interface Departure {
  /** When, in milliseconds since 1970, UTC. */
  readonly timeMs: number;
  readonly kind: 'asked' | 'lost' | 'refused';
  readonly why: string;
}

export type WorkerEvent =
  /** The coordinator starts, without workers. */
  | { readonly kind: 'started' }
  | { readonly kind: 'joined'; readonly worker: string; readonly device: string; readonly host: string | null }
  | { readonly kind: 'departed'; readonly worker: string; readonly departure: Departure };

const joined = z
  .object({ worker: z.string(), device: z.string(), host: z.string().optional() })
  .transform(({ worker, device, host = null }): WorkerEvent => ({ kind: 'joined', worker, device, host }));
const departed = z
  .object({
    time: z.number().min(0).max(8.64e15),
    worker: z.string(),
    departure: z.enum(['asked', 'lost', 'refused']),
    why: z.string(),
  })
  .transform(({ time, worker, departure: kind, why }): WorkerEvent => {
    return { kind: 'departed', worker, departure: { timeMs: time, kind, why } };
  });
const started = z.object({ digest: z.string(), config: z.unknown() }).transform((): WorkerEvent => {
  return { kind: 'started' };
});
const event = z.union([joined, departed, started]);

/** Most lines are about something else, and need not be parsed. */
const mayBeEvent = /"(worker|digest)":"/;

/** Reads the events of a log, one after the other. Lines that are none are passed over. None if there is no file. */
export async function* readWorkerEvents(file: string): AsyncGenerator<WorkerEvent> {
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      const found = mayBeEvent.test(line) ? parse(line) : undefined;
      if (found !== undefined) yield found;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explainReadError(file, error);
  }
}

function parse(line: string): WorkerEvent | undefined {
  try {
    return event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
