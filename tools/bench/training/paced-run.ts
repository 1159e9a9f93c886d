/** A run that trains some steps when asked and then stands still, so that other processes can be measured meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StepMetrics } from '@lstm-gan/run';
import { runLocally, type LocalRunOptions } from './local-run.ts';

export interface PacedRun {
  /**
   * Trains the next steps. When the workers stand still again, resolves to the metrics of these steps, without the
   * first step after the pause.
   */
  next(): Promise<StepMetrics[]>;
  /** Ends the run. Call it after the last call of `next`. */
  finish(): Promise<void>;
}

export interface PacedRunOptions extends Omit<LocalRunOptions, 'steps' | 'onStep' | 'hold'> {
  /** How many times `next` will be called. */
  readonly turns: number;
  /** Number of steps in the result of `next`. */
  readonly stepsPerTurn: number;
}

/** Between two calls of `next`, the coordinator gets no events, so the workers wait at their sockets. */
export function startPacedRun({ turns, stepsPerTurn, ...options }: PacedRunOptions): PacedRun {
  let measured: StepMetrics[] = [];
  let gate = createGate();
  let turnOver: () => void = () => undefined;
  const running = runLocally({
    ...options,
    steps: turns * (stepsPerTurn + 1) + 1,
    hold: () => gate.passed,
    onStep(metrics) {
      measured.push(metrics);
      if (measured.length <= stepsPerTurn) return;
      gate = createGate();
      turnOver();
    },
  });
  // If a worker ends early, `next` rejects; if the run ends well, this promise stays pending.
  const failure = running.then(() => new Promise<never>(() => undefined));
  return {
    async next() {
      measured = [];
      const over = new Promise<void>((resolve) => (turnOver = resolve));
      gate.open();
      await Promise.race([over, failure]);
      const turn = measured.slice(1);
      await delay(standstillMs + Math.max(...turn.map(({ stepMs }) => stepMs)));
      return turn;
    },
    async finish() {
      measured = [];
      gate.open();
      await running;
    },
  };
}

/**
 * After the last event, workers still finish their lease and start shards of the next phase. Both together take less
 * than the time of a step plus these milliseconds.
 */
const standstillMs = 100;

function createGate(): { readonly passed: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}
