/** How long a run is trained: to a step, for so many images, or until a loss is good enough. No part of its configuration. */
import { presets } from '@lstm-gan/core';
import { createStopRule, parseStopCondition, readMetrics, type RunConfig, type StopRule } from '@lstm-gan/run';

export interface LengthOptions {
  readonly steps?: number;
  /** The alternative to steps. */
  readonly images?: number;
  readonly stopWhen?: string;
  readonly stopWindow: number;
  readonly stopPatience: number;
}

/** The step to stop behind; unless told otherwise the preset's, or where the run is already. */
export function lastStep(
  { steps, images }: Pick<LengthOptions, 'steps' | 'images'>,
  config: RunConfig,
  committedStep: number,
): number {
  if (steps !== undefined) return steps;
  if (images !== undefined) return Math.ceil(images / (config.batchSize * config.discriminatorSteps));
  return Math.max(presets.get(config.preset)?.steps ?? 0, committedStep);
}

/** The rule that a run is to stop by, if it is to. */
export function stopRuleOf({ stopWhen, stopWindow, stopPatience }: LengthOptions): StopRule | undefined {
  return stopWhen === undefined
    ? undefined
    : createStopRule({ ...parseStopCondition(stopWhen), windowSteps: stopWindow, patienceSteps: stopPatience });
}

/** Takes in what a run that goes on has behind it, as if it had never been stopped. */
export async function takeInPast(
  rule: StopRule | undefined,
  metricsFile: string,
  committedStep: number,
): Promise<void> {
  if (rule === undefined) return;
  for (const metrics of await readMetrics(metricsFile)) if (metrics.step <= committedStep) rule.observe(metrics);
}
