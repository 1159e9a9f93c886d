/** Measures where the time of a step goes. Pure arithmetic on times that are passed in, in milliseconds. */
import type { Contribution, Phase } from '@lstm-gan/transport';
import type { StepMetrics } from '@lstm-gan/run';

interface WorkerTimes {
  shards: number;
  computeMs: number;
  waitingMs: number;
}

export interface StepClock {
  contributed(worker: string, contribution: Contribution): void;
  /** The phase ends now, with an update that took so long. */
  updated(phase: Phase, updateMs: number, nowMs: number): void;
  /** The measurements of the step, which ends now; the next one begins. */
  finish(step: number, images: number, nowMs: number): StepMetrics;
}

export function createStepClock(startMs: number): StepClock {
  let begunMs = startMs;
  let phaseBegunMs = startMs;
  let phaseMs = { discriminator: 0, generator: 0 };
  let updateMs = 0;
  let workers = new Map<string, WorkerTimes>();
  let losses = { generator: 0, discriminator: 0, penalty: 0 };

  return {
    contributed(worker, { losses: ofShards, phase, computeMs, waitingMs }) {
      const times = workers.get(worker) ?? { shards: 0, computeMs: 0, waitingMs: 0 };
      const shards = times.shards + ofShards.length;
      workers.set(worker, { shards, computeMs: times.computeMs + computeMs, waitingMs: times.waitingMs + waitingMs });
      for (const { loss, penalty } of ofShards) {
        losses = { ...losses, [phase]: losses[phase] + loss, penalty: losses.penalty + penalty };
      }
    },
    updated(phase, ms, nowMs) {
      updateMs += ms;
      phaseMs = { ...phaseMs, [phase]: nowMs - phaseBegunMs };
      phaseBegunMs = nowMs;
    },
    finish(step, images, nowMs) {
      const times = [...workers.values()];
      const shardsOfPhase = times.reduce((sum, { shards }) => sum + shards, 0) / 2;
      const mean = (sum: number): number => sum / shardsOfPhase;
      const stepMs = nowMs - begunMs;
      const computeMs = Math.max(0, ...times.map((worker) => worker.computeMs));
      const metrics: StepMetrics = {
        step,
        images,
        losses: { generator: mean(losses.generator), discriminator: mean(losses.discriminator), penalty: mean(losses.penalty) },
        imagesPerSecond: (1000 * images) / stepMs,
        stepMs,
        phaseMs,
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
