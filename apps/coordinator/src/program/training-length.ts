/**
 * How long a run trains: up to a step, for a number of images, or until a loss is good enough. The length is not part
 * of the run's configuration; the run's folder keeps its last step.
 */
import { presets } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import {
  createStopRule,
  parseStopCondition,
  printable,
  readMetrics,
  type RunConfig,
  type StopRule,
} from '@lstm-gan/run';

export interface LengthOptions {
  readonly steps?: number;
  /** A number of images to train for, instead of `steps`. */
  readonly images?: number;
  readonly stopWhen?: string;
  readonly stopWindow: number;
  readonly stopPatience: number;
}

/** The run whose length is asked for. */
interface RunProgress {
  readonly config: RunConfig;
  /** The run's folder. */
  readonly root: string;
  /** The step at which the run is. */
  readonly step: number;
  /** The step up to which the run was asked to train before. */
  readonly askedStep: number | undefined;
}

/**
 * Returns the last step of a run. If the options do not name it, that is the step that was asked for before; for a new
 * run, the preset's last step. Throws a UserError if the options name a step that the run has passed.
 */
export function lastStep({ steps, images }: Pick<LengthOptions, 'steps' | 'images'>, run: RunProgress): number {
  const { config, step, askedStep } = run;
  if (steps !== undefined) return notPassed(steps, `--steps ${steps}`, run);
  if (images !== undefined) {
    const reached = Math.ceil(images / (config.batchSize * config.discriminatorSteps));
    return notPassed(reached, `--images ${images}, which is step ${reached},`, run);
  }
  return Math.max(askedStep ?? presets.get(config.preset)?.steps ?? 0, step);
}

function notPassed(wanted: number, option: string, { root, step, askedStep = step }: RunProgress): number {
  if (wanted >= step) return wanted;
  const goOn = askedStep > step ? `, or leave it out to go on to step ${askedStep}` : '';
  throw new UserError({
    code: 'step-passed',
    message: `${printable(root)} is at step ${step} already; ${option} lies behind it.`,
    advice: `Name a later step${goOn}. To go back, name an earlier checkpoint with --resume.`,
  });
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
