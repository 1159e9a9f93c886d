/** A run that does some steps when asked, and stands still between: what it is measured beside has the machine for itself. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StepMetrics } from '@lstm-gan/run';
import { runLocally, type LocalRunOptions } from './local-run.ts';

export interface PacedRun {
  /** Metrics of the next steps, without the first one behind the pause; resolves when the workers stand still again. */
  next(): Promise<StepMetrics[]>;
  /** Ends the run, all of whose turns were taken. */
  finish(): Promise<void>;
}

export interface PacedRunOptions extends Omit<LocalRunOptions, 'steps' | 'onStep' | 'hold'> {
  /** How often `next` is called. */
  readonly turns: number;
  /** What `next` gives. */
  readonly stepsPerTurn: number;
}

/** While nobody asks, workers wait at their sockets for a coordinator that hears nothing of them. */
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
  // A worker that ends early ends the measurement too.
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

/** Workers go on with what they were given, and with what they can start ahead: a step at most. */
const standstillMs = 100;

function createGate(): { readonly passed: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}
