/**
 * How long a run trains: up to a step, for a number of images or passes, or until a loss is good enough. The length is
 * not part of the run's configuration; the run's folder keeps its last step.
 */
import { presets } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import type { EvaluatedNumber } from '../evaluate/evaluator.ts';
import { datasets } from '@lstm-gan/data';
import {
  createStopRule,
  imagesPerStep,
  isAboutLoss,
  parseStopCondition,
  printable,
  readMetric,
  readMetrics,
  type RunConfig,
  type StopRule,
} from '@lstm-gan/run';

export interface LengthOptions {
  readonly steps?: number;
  /** A number of images to train on, instead of `steps`. */
  readonly images?: number;
  /** A number of passes over the data, instead of `steps`. */
  readonly epochs?: number;
  readonly stopWhen?: string;
  readonly stopWindow: number;
  readonly stopPatience: number;
}

/** The run whose length is asked for. */
interface RunProgress {
  readonly config: RunConfig;
  /** The run's folder. */
  readonly root: string;
  /** The number of images in the data. */
  readonly imageCount: number;
  /** The step at which the run is. */
  readonly step: number;
  /** The step up to which the run was asked to train before. */
  readonly askedStep: number | undefined;
}

/**
 * Returns the last step of a run. If the options do not name it, that is the step that was asked for before; for a new
 * run, `defaultStep`. Throws a UserError if the options name a step that the run has passed.
 */
export function lastStep(
  { steps, images, epochs }: Pick<LengthOptions, 'steps' | 'images' | 'epochs'>,
  run: RunProgress,
): number {
  const { config, imageCount, step, askedStep } = run;
  if (steps !== undefined) return notPassed(steps, `--steps ${steps}`, run);
  if (images !== undefined) return notPassed(stepsFor(images, config), `--images ${images}`, run);
  if (epochs !== undefined) return notPassed(stepsFor(epochs * imageCount, config), `--epochs ${epochs}`, run);
  return Math.max(askedStep ?? defaultStep(config, imageCount), step);
}

/** The number of steps that read so many images of the data, rounded up. */
function stepsFor(images: number, config: RunConfig): number {
  return Math.ceil(images / imagesPerStep(config));
}

/** On a folder of the user's own: passes over the images by default, and the number of images that is the least. */
const [defaultPasses, leastImages] = [200, 100_000];

/** The rule of `defaultStep`, for help texts and the log. */
export const defaultLength = `${defaultPasses} passes over the images, but at least ${leastImages.toLocaleString('en')} images and at most as many as the preset trains on`;

/** Whether the data are a folder of the user's own, not a data set with a name. */
export function isOwnFolder({ data }: RunConfig): boolean {
  return !datasets.has(data);
}

/**
 * The last step of a run for which nobody asks. A preset's number of steps fits the data sets with a name. A folder of
 * the user's own has any number of images, and is trained on by images and passes, so that a larger batch does not
 * train longer.
 */
function defaultStep(config: RunConfig, imageCount: number): number {
  const preset = presets.get(config.preset);
  if (preset === undefined) return 0;
  if (!isOwnFolder(config)) return preset.steps;
  return stepsFor(
    Math.min(Math.max(defaultPasses * imageCount, leastImages), preset.steps * imagesPerStep(preset)),
    config,
  );
}

function notPassed(wanted: number, option: string, { root, step, askedStep = step }: RunProgress): number {
  if (wanted >= step) return wanted;
  const named = option.startsWith('--steps') ? option : `${option}, which is step ${wanted},`;
  const goOn = askedStep > step ? `, or leave it out to go on to step ${askedStep}` : '';
  throw new UserError({
    code: 'step-passed',
    message: `${printable(root)} is at step ${step} already; ${named} lies behind it.`,
    advice: `Name a later step${goOn}. To go back, name an earlier checkpoint with --resume.`,
  });
}

/** Says how long a run is: `up to step 1563: 100,032 images, 333 passes`. */
export function describeLength(steps: number, config: RunConfig, imageCount: number): string {
  const images = steps * imagesPerStep(config);
  const passes = images / imageCount;
  const passesText = passes < 10 ? passes.toFixed(1) : Math.round(passes).toLocaleString('en');
  return `up to step ${steps}: ${images.toLocaleString('en')} images, ${passes < 1 ? 'less than one pass' : `${passesText} passes`}`;
}

/**
 * Returns the rule by which a run stops before its last step. Undefined if the options contain no `--stop-when`.
 * @param evaluated the names of the numbers that are evaluated while the run trains
 */
export function readStopRule(
  { stopWhen, stopWindow, stopPatience }: LengthOptions,
  evaluated: readonly string[] = [],
): StopRule | undefined {
  return stopWhen === undefined
    ? undefined
    : createStopRule({
        ...parseStopCondition(stopWhen, evaluated),
        windowSteps: stopWindow,
        patienceSteps: stopPatience,
      });
}

/** Lets a stop rule observe the steps that a resumed run has computed already, as if the run had never stopped. */
export async function observePastSteps(
  rule: StopRule | undefined,
  metricsFile: string,
  committedStep: number,
): Promise<void> {
  if (rule === undefined || !isAboutLoss(rule.condition)) return;
  for (const metrics of await readMetrics(metricsFile)) if (metrics.step <= committedStep) rule.observe(metrics);
}

/** Lets a stop rule observe the numbers that earlier starts of a run have evaluated. */
export async function observePastNumbers(
  rule: StopRule | undefined,
  numbers: readonly EvaluatedNumber[],
  root: string,
  committedStep: number,
): Promise<void> {
  for (const { name, metric, key } of numbers)
    for (const { step, results } of await readMetric(root, metric))
      if (step <= committedStep && results[key] !== undefined) rule?.observeNumber(name, step, results[key]);
}
