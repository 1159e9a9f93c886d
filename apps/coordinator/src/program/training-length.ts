/**
 * How long a run trains: up to a step, for a number of images, or until a loss is good enough. The length is not part
 * of the run's configuration.
 */
import { presets } from '@lstm-gan/core';
import { createStopRule, parseStopCondition, readMetrics, type RunConfig, type StopRule } from '@lstm-gan/run';

export interface LengthOptions {
  readonly steps?: number;
  /** A number of images to train for, instead of `steps`. */
  readonly images?: number;
  readonly stopWhen?: string;
  readonly stopWindow: number;
  readonly stopPatience: number;
}

/**
 * Returns the last step of a run. By default it is the preset's last step, or the step where the run already is, if
 * that is later.
 */
export function lastStep(
  { steps, images }: Pick<LengthOptions, 'steps' | 'images'>,
  config: RunConfig,
  committedStep: number,
): number {
  if (steps !== undefined) return steps;
  if (images !== undefined) return Math.ceil(images / (config.batchSize * config.discriminatorSteps));
  return Math.max(presets.get(config.preset)?.steps ?? 0, committedStep);
}

/** Returns the rule by which a run stops before its last step. Undefined if the options contain no `--stop-when`. */
export function readStopRule({ stopWhen, stopWindow, stopPatience }: LengthOptions): StopRule | undefined {
  return stopWhen === undefined
    ? undefined
    : createStopRule({ ...parseStopCondition(stopWhen), windowSteps: stopWindow, patienceSteps: stopPatience });
}

/** Lets a stop rule observe the steps that a resumed run has computed already, as if the run had never stopped. */
export async function observePastSteps(
  rule: StopRule | undefined,
  metricsFile: string,
  committedStep: number,
): Promise<void> {
  if (rule === undefined) return;
  for (const metrics of await readMetrics(metricsFile)) if (metrics.step <= committedStep) rule.observe(metrics);
}
