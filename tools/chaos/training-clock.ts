/** A clock that runs while a run trains. */
import { performance } from 'node:perf_hooks';
import { lastStep, metricsBytes } from './run-record.ts';

/** A longer pause between two steps is not training: the run waits for a process to start. */
const longestStepS = 1;

/**
 * Counts the seconds that a run has trained. It stands still while no step is committed, so a slow machine has as much
 * training between two faults as a fast one and every run comes to its end. It counts at least the time that the
 * committed steps took in peace, so every run suffers as many faults, even if the machine became faster meanwhile.
 */
export class TrainingClock {
  readonly #out: string;
  #secondsPerStep = 0;
  #bytes = 0;
  #committedMs = 0;
  #trainedS = 0;

  /** @param out the run's folder */
  constructor(out: string) {
    this.#out = out;
  }

  /**
   * Begins a turn; the time since the turn before does not count.
   * @param secondsPerStep how long a step takes in peace
   */
  resume(secondsPerStep: number): void {
    this.#secondsPerStep = secondsPerStep;
    this.#committedMs = performance.now();
  }

  /** Returns the seconds of training until now. Call it often: only a call notices new steps. */
  read(): number {
    const bytes = metricsBytes(this.#out);
    if (bytes !== this.#bytes) {
      const pauseS = (performance.now() - this.#committedMs) / 1000;
      this.#trainedS += Math.min(pauseS, Math.max(longestStepS, 4 * this.#secondsPerStep));
      this.#trainedS = Math.max(this.#trainedS, lastStep(this.#out) * this.#secondsPerStep);
      this.#committedMs = performance.now();
      this.#bytes = bytes;
    }
    return this.#trainedS;
  }
}
