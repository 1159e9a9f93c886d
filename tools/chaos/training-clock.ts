/** A clock that runs while a run trains. */
import { performance } from 'node:perf_hooks';
import { lastStep, metricsBytes } from './run-record.ts';

/**
 * The most seconds between two steps that count as training. If four times the usual time of a step is longer, that
 * time is the limit instead. In a longer pause the run waits for a process to start.
 */
const longestStepS = 1;

/**
 * Counts the seconds that a run has trained. The clock stands still while no step is committed, so the run trains
 * between two faults even on a slow machine, and comes to its end. The clock counts at least the time that the
 * committed steps take without faults, so the run suffers no fewer faults if the machine has become faster meanwhile.
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
   * Begins a segment; the time since the end of the previous segment does not count.
   * @param secondsPerStep how long a step takes without faults
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
