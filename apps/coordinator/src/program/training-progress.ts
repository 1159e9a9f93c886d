import { createCountdown, createProgressDisplay } from '@lstm-gan/command-line/terminal';
import type { StepMetrics } from '@lstm-gan/run';

export interface TrainingProgress {
  onStep(metrics: StepMetrics): void;
  stop(): void;
}

/** The number of steps over which the shown images/s are averaged. */
const rateSteps = 20;

/** Shows a progress line of training on standard error: step, losses, images/s, remaining time. */
export function showTrainingProgress(steps: number, now: () => number): TrainingProgress {
  const display = createProgressDisplay('Training', process.stderr, now);
  const countdown = createCountdown(steps, now);
  const rates: number[] = [];
  return {
    onStep(metrics) {
      const { step } = metrics;
      rates.push(metrics.imagesPerSecond);
      if (rates.length > rateSteps) rates.shift();
      const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
      display.update(step, steps, `${progressLine(metrics, steps, rate)}${countdown(step)}`);
    },
    stop: () => display.stop(),
  };
}

function progressLine({ step, losses }: StepMetrics, steps: number, rate: number): string {
  const { discriminator, generator } = losses;
  return `step ${step}/${steps}  loss D ${discriminator.toFixed(3)} G ${generator.toFixed(3)}  ${rate.toFixed(0)} images/s`;
}
