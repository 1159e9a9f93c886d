/** Measures where the time of a step goes. Pure arithmetic on times that are passed in, in milliseconds. */
import type { Contribution, Phase, ShardLosses } from '@lstm-gan/transport';
import type { StepMetrics } from '@lstm-gan/run';

interface WorkerTimes {
  shards: number;
  computeMs: number;
  waitingMs: number;
}

export interface StepClock {
  contributed(worker: string, contribution: Contribution): void;
  updated(updateMs: number): void;
  /** The measurements of the step, which ends now; the next one begins. */
  finish(step: number, images: number, nowMs: number): StepMetrics;
}

export function createStepClock(startMs: number): StepClock {
  let begunMs = startMs;
  let updateMs = 0;
  let workers = new Map<string, WorkerTimes>();
  let losses = new ShardMeans();

  return {
    contributed(worker, { losses: ofShards, phase, turn, computeMs, waitingMs }) {
      const times = workers.get(worker) ?? { shards: 0, computeMs: 0, waitingMs: 0 };
      workers.set(worker, {
        shards: times.shards + ofShards.length,
        computeMs: times.computeMs + computeMs,
        waitingMs: times.waitingMs + waitingMs,
      });
      losses.add(phase, turn, ofShards);
    },
    updated(ms) {
      updateMs += ms;
    },
    finish(step, images, nowMs) {
      const times = [...workers.values()];
      const stepMs = nowMs - begunMs;
      const computeMs = Math.max(0, ...times.map((worker) => worker.computeMs));
      const metrics: StepMetrics = {
        step,
        images,
        losses: losses.means(),
        imagesPerSecond: (1000 * images) / stepMs,
        stepMs,
        computeMs,
        exchangeMs: Math.max(0, stepMs - computeMs - updateMs),
        updateMs,
        waitingMs: times.reduce((sum, worker) => sum + worker.waitingMs, 0),
        workers: Object.fromEntries(workers),
      };
      begunMs = nowMs;
      updateMs = 0;
      workers = new Map();
      losses = new ShardMeans();
      return metrics;
    },
  };
}

/** Means over the shards of a step, summed in their order: the same bits whoever computed which, and when it came. */
class ShardMeans {
  readonly #losses: Readonly<Record<Phase, (ShardLosses & { readonly turn: number })[]>> = { generator: [], discriminator: [] };

  add(phase: Phase, turn: number, ofShards: readonly ShardLosses[]): void {
    for (const losses of ofShards) this.#losses[phase].push({ ...losses, turn });
  }

  means(): StepMetrics['losses'] {
    for (const list of Object.values(this.#losses)) list.sort((a, b) => a.turn - b.turn || a.shard - b.shard);
    const mean = (phase: Phase, part: 'loss' | 'penalty'): number => this.#losses[phase].reduce((sum, losses) => sum + losses[part], 0) / this.#losses[phase].length;
    return { generator: mean('generator', 'loss'), discriminator: mean('discriminator', 'loss'), penalty: mean('discriminator', 'penalty') };
  }
}

/** The middle of values; the lower of two. NaN without any. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? NaN : [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
