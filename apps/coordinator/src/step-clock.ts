/** Measures where the time of a step goes. Pure arithmetic on times that are passed in, in milliseconds. */
import type { Contribution } from '@lstm-gan/transport';
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
  let losses = { generator: 0, discriminator: 0, penalty: 0 };

  return {
    contributed(worker, { losses: ofShards, phase, computeMs, waitingMs }) {
      const times = workers.get(worker) ?? { shards: 0, computeMs: 0, waitingMs: 0 };
      workers.set(worker, {
        shards: times.shards + ofShards.length,
        computeMs: times.computeMs + computeMs,
        waitingMs: times.waitingMs + waitingMs,
      });
      for (const { loss, penalty } of ofShards) {
        losses = { ...losses, [phase]: losses[phase] + loss, penalty: losses.penalty + penalty };
      }
    },
    updated(ms) {
      updateMs += ms;
    },
    finish(step, images, nowMs) {
      const times = [...workers.values()];
      const shardsOfPhase = times.reduce((sum, { shards }) => sum + shards, 0) / 2;
      const stepMs = nowMs - begunMs;
      const computeMs = Math.max(0, ...times.map((worker) => worker.computeMs));
      const metrics: StepMetrics = {
        step,
        images,
        losses: {
          generator: losses.generator / shardsOfPhase,
          discriminator: losses.discriminator / shardsOfPhase,
          penalty: losses.penalty / shardsOfPhase,
        },
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
      losses = { generator: 0, discriminator: 0, penalty: 0 };
      return metrics;
    },
  };
}

/** The middle of values; the lower of two. NaN without any. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? NaN : [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
