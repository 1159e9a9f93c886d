/** Measures where the time of a step goes. Pure arithmetic on times that are passed in, in milliseconds. */
import { StepLosses } from '@lstm-gan/core/training';
import type { Contribution, Phase } from '@lstm-gan/transport';
import type { StepMetrics } from '@lstm-gan/run';

interface WorkerTimes {
  shards: number;
  computeMs: number;
  waitingMs: number;
}

type Measured = Pick<Contribution, 'losses' | 'phase' | 'turn' | 'computeMs' | 'waitingMs'>;

export interface StepClock {
  /** Notes a contribution of the round. It is counted when the round is complete. */
  contributed(worker: string, contribution: Measured): void;
  /** The round is done again: forgets its contributions. */
  forgetRound(): void;
  /** The round is complete: a phase ends now, with an update that took `updateMs`. */
  updated(phase: Phase, updateMs: number, nowMs: number): void;
  /** Forgets what was measured in the current step, which starts again. */
  restart(nowMs: number): void;
  /** Ends the step now and returns its measurements. The next step begins. */
  finish(step: number, images: number, nowMs: number): StepMetrics;
}

export function createStepClock(startMs: number): StepClock {
  let begunMs = startMs;
  let phaseBegunMs = startMs;
  let phaseMs = { discriminator: 0, generator: 0 };
  let updateMs = 0;
  let workers = new Map<string, WorkerTimes>();
  let losses = new StepLosses();
  let round: (Measured & { readonly worker: string })[] = [];
  const countRound = (): void => {
    for (const { worker, losses: ofShards, phase, turn, computeMs, waitingMs } of round) {
      const times = workers.get(worker) ?? { shards: 0, computeMs: 0, waitingMs: 0 };
      const shards = times.shards + ofShards.length;
      workers.set(worker, { shards, computeMs: times.computeMs + computeMs, waitingMs: times.waitingMs + waitingMs });
      losses.add(phase, turn, ofShards);
    }
    round = [];
  };
  const begin = (nowMs: number): void => {
    [begunMs, updateMs] = [nowMs, 0];
    phaseMs = { discriminator: 0, generator: 0 };
    [workers, losses] = [new Map(), new StepLosses()];
  };

  return {
    contributed(worker, { losses: ofShards, phase, turn, computeMs, waitingMs }) {
      round.push({ worker, losses: ofShards, phase, turn, computeMs, waitingMs });
    },
    forgetRound() {
      round = [];
    },
    updated(phase, ms, nowMs) {
      countRound();
      updateMs += ms;
      phaseMs = { ...phaseMs, [phase]: phaseMs[phase] + nowMs - phaseBegunMs };
      phaseBegunMs = nowMs;
    },
    restart(nowMs) {
      round = [];
      begin(nowMs);
      phaseBegunMs = nowMs;
    },
    finish(step, images, nowMs) {
      countRound();
      const times = [...workers.values()];
      const stepMs = nowMs - begunMs;
      const computeMs = Math.max(0, ...times.map((worker) => worker.computeMs));
      const metrics: StepMetrics = {
        step,
        images,
        losses: losses.means(),
        imagesPerSecond: (1000 * images) / stepMs,
        stepMs,
        phaseMs,
        computeMs,
        exchangeMs: Math.max(0, stepMs - computeMs - updateMs),
        updateMs,
        waitingMs: times.reduce((sum, worker) => sum + worker.waitingMs, 0),
        workers: Object.fromEntries(workers),
      };
      begin(nowMs);
      return metrics;
    },
  };
}
