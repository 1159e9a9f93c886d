/**
 * Collects what is recorded of each worker of a run. Steps and events come one after the other, and are not kept: the
 * memory that this needs does not grow with the length of the run.
 */
import type { RecordedStepOfWorkers } from '@lstm-gan/run';
import type { Departure, WorkerEvent } from './worker-events.ts';

export interface WorkerInspection {
  readonly name: string;
  /** What it computes on, and its machine; null if that is not recorded. */
  readonly device: string | null;
  readonly host: string | null;
  /**
   * How fast it computes: the median over its steps of the shards (of all phases) divided by the seconds inside units.
   * Null if it has computed none.
   */
  readonly shardsPerSecond: number | null;
  /** The share of its time inside units, over all steps in which it took part. */
  readonly computingShare: number;
  /** The number of steps in which it computed shards, and the last of them; 0 if there are none. */
  readonly steps: number;
  readonly lastStep: number;
  /** Whether it took part to the end of what is recorded. */
  readonly takesPart: boolean;
  /** How often it departed, and its newest departures, the newest last. */
  readonly departureCount: number;
  readonly departures: readonly Departure[];
}

export interface WorkerRecords {
  observeStep(step: RecordedStepOfWorkers): void;
  observeEvent(event: WorkerEvent): void;
  /** The workers that take part, slowest first; then those that are gone, those that were there last first. */
  workers(): WorkerInspection[];
}

interface Entry {
  device: string | null;
  host: string | null;
  /** How many steps had a pace, by the pace's place on a logarithmic scale. */
  readonly paces: Map<number, number>;
  computeMs: number;
  stepMs: number;
  steps: number;
  lastStep: number;
  /** Undefined if the log does not say. */
  isJoined: boolean | undefined;
  departureCount: number;
  departures: Departure[];
}

/** So many workers are kept, those that were there last: a worker that starts again usually has another name. */
const mostWorkers = 4096;
const mostDepartures = 5;

/** Paces that differ by less than a hundredth are one. */
const paceRatio = Math.log(1.01);

export function createWorkerRecords(): WorkerRecords {
  // In the order in which they were last observed.
  const entries = new Map<string, Entry>();
  let newestStep = 0;
  const entryOf = (name: string): Entry => {
    const entry = entries.get(name) ?? createEntry();
    entries.delete(name);
    entries.set(name, entry);
    const [oldest] = entries.keys();
    if (entries.size > mostWorkers) entries.delete(oldest);
    return entry;
  };
  return {
    observeStep({ step, stepMs, workers = {} }) {
      newestStep = step;
      for (const [name, { shards, computeMs }] of Object.entries(workers)) {
        const entry = entryOf(name);
        entry.steps += 1;
        entry.lastStep = step;
        entry.computeMs += computeMs;
        entry.stepMs += stepMs;
        const place = Math.round(Math.log((1000 * shards) / computeMs) / paceRatio);
        if (Number.isFinite(place)) entry.paces.set(place, (entry.paces.get(place) ?? 0) + 1);
      }
    },
    observeEvent(event) {
      // A coordinator that was killed has not seen its workers go.
      if (event.kind === 'started') return entries.forEach((entry) => (entry.isJoined = false));
      const entry = entryOf(event.worker);
      entry.isJoined = event.kind === 'joined';
      if (event.kind === 'joined') [entry.device, entry.host] = [event.device, event.host];
      else {
        entry.departureCount += 1;
        entry.departures = [...entry.departures, event.departure].slice(-mostDepartures);
      }
    },
    workers() {
      const all = [...entries].map(([name, entry]) => inspectEntry(name, entry, newestStep));
      return all.sort(
        (a, b) =>
          Number(b.takesPart) - Number(a.takesPart) ||
          (a.takesPart ? (a.shardsPerSecond ?? Infinity) - (b.shardsPerSecond ?? Infinity) : b.lastStep - a.lastStep) ||
          (a.name < b.name ? -1 : 1),
      );
    },
  };
}

function createEntry(): Entry {
  return {
    device: null,
    host: null,
    paces: new Map(),
    computeMs: 0,
    stepMs: 0,
    steps: 0,
    lastStep: 0,
    isJoined: undefined,
    departureCount: 0,
    departures: [],
  };
}

function inspectEntry(name: string, entry: Entry, newestStep: number): WorkerInspection {
  const { device, host, paces, computeMs, stepMs, steps, lastStep, isJoined, departureCount, departures } = entry;
  return {
    name,
    device,
    host,
    shardsPerSecond: medianPace(paces),
    // Workers also compute while a step is committed, so that a step may have more of it than it lasts.
    computingShare: stepMs > 0 ? Math.min(1, computeMs / stepMs) : 0,
    steps,
    lastStep,
    takesPart: isJoined ?? lastStep === newestStep,
    departureCount,
    departures,
  };
}

function medianPace(paces: ReadonlyMap<number, number>): number | null {
  const places = [...paces].sort(([a], [b]) => a - b);
  const total = places.reduce((sum, [, count]) => sum + count, 0);
  let before = 0;
  for (const [place, count] of places) {
    before += count;
    if (2 * before >= total) return Math.exp(place * paceRatio);
  }
  return null;
}
