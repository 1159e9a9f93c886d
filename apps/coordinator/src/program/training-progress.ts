import {
  createCountdown,
  createProgressDisplay,
  createProgressLines,
  formatDuration,
} from '@lstm-gan/command-line/terminal';
import { imagesPerStep, type RunConfig, type StepMetrics } from '@lstm-gan/run';

export interface TrainingProgress {
  /** @param word how the run is, in a word or two */
  onStep(metrics: StepMetrics, word: string): void;
  stop(): void;
}

/** The number of steps over which the shown images/s are averaged. */
const rateSteps = 20;

interface ProgressOptions {
  readonly config: RunConfig;
  /** The last step. */
  readonly steps: number;
  /** The number of images in the data. */
  readonly imageCount: number;
  readonly now: () => number;
  /** Gets the lines in place of the terminal. */
  readonly log?: (line: string) => void;
}

/**
 * Shows a progress line of training on standard error, or in a log: step, images, passes, time of this start, losses, images/s, how
 * the run is, remaining time.
 */
export function showTrainingProgress({ config, steps, imageCount, now, log }: ProgressOptions): TrainingProgress {
  const startMs = now();
  const display =
    log === undefined
      ? createProgressDisplay('Training', process.stderr, now)
      : createProgressLines('Training', log, now);
  const countdown = createCountdown(steps, now);
  const rates: number[] = [];
  return {
    onStep(metrics, word) {
      const { step } = metrics;
      rates.push(metrics.imagesPerSecond);
      if (rates.length > rateSteps) rates.shift();
      const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
      const images = step * imagesPerStep(config);
      const passes = images / imageCount;
      const parts = [
        `step ${step}/${steps}`,
        `${images.toLocaleString('en')} images`,
        `${passes.toFixed(1)} passes`,
        `${formatDuration(now() - startMs)} so far`,
        lossText(metrics),
        `${rate.toFixed(0)} images/s`,
        word,
      ];
      display.update(step, steps, `${parts.join('  ')}${countdown(step)}`);
    },
    stop: () => display.stop(),
  };
}

/** The losses with three digits after the point; losses that are too large for that, with their power of ten. */
function lossText({ losses: { discriminator, generator } }: StepMetrics): string {
  const [d, g] = [discriminator, generator].map((loss) =>
    Math.abs(loss) < 1e4 ? loss.toFixed(3) : loss.toPrecision(2),
  );
  return `loss D ${d} G ${g}`;
}
