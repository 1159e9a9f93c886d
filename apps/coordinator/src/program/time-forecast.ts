import { formatDuration } from '@lstm-gan/command-line/terminal';
import { median, type StepMetrics } from '@lstm-gan/run';

/** In the first steps graphs are loaded, memory is mapped, and processors reach their clock rate. */
const warmUpSteps = 5;
const measuredSteps = 5;

/**
 * Returns a function that takes the metrics of each step. Once, after the first measured steps, the function returns a
 * sentence about the time that the training takes: `A step takes 264 ms: about 5 min 50 s until step 1400.`
 */
export function createTimeForecast(
  lastStep: number,
): (metrics: Pick<StepMetrics, 'step' | 'stepMs'>) => string | undefined {
  const times: number[] = [];
  return ({ step, stepMs }) => {
    times.push(stepMs);
    if (times.length !== warmUpSteps + measuredSteps || step >= lastStep) return undefined;
    const middle = median(times.slice(warmUpSteps));
    const text = middle < 1000 ? `${Math.ceil(middle)} ms` : `${(middle / 1000).toFixed(1)} s`;
    return `A step takes ${text}: about ${formatDuration((lastStep - step) * middle)} until step ${lastStep}.`;
  };
}
