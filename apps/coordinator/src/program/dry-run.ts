/** What `train --dry-run` prints: what a training would compute, on what, and for how long. */
import { countParameters, createLayouts } from '@lstm-gan/core';
import type { Dataset } from '@lstm-gan/data';
import { formatDuration } from '@lstm-gan/command-line/terminal';
import { differencesOf, median, printable, type RecordedStep, type RunConfig } from '@lstm-gan/run';
import { presetConfig } from '../open-run/new-run-config.ts';
import { describeLength } from './training-length.ts';

/** A training that has not begun. */
export interface PlannedTraining {
  readonly config: RunConfig;
  /** The folder of the run. */
  readonly root: string;
  readonly dataset: Pick<Dataset, 'count' | 'labels' | 'leftOut'>;
  /** The step to go on from; 0 for a new run. */
  readonly step: number;
  /** The last step. */
  readonly steps: number;
  /** The checkpoint to go on from; undefined for a new run. */
  readonly resumedFrom: string | undefined;
  /** The steps that the run has measured already. */
  readonly measured: readonly Pick<RecordedStep, 'stepMs'>[];
  /** How many workers there are, and what they compute on. */
  readonly workers: string;
  /** The condition of `--stop-when`. */
  readonly stopWhen: string | undefined;
  /** The numbers that are evaluated while the run trains. */
  readonly evaluated?: { readonly everyImages: number; readonly keys: readonly string[] };
}

/** Returns the training as lines for people. */
export function dryRunLines(planned: PlannedTraining): string[] {
  const { config, dataset, steps, stopWhen, evaluated, workers } = planned;
  const { model, batchSize, shardSize, discriminatorSteps } = config;
  const { size, channels } = model.image;
  const layouts = createLayouts(model);
  const [generator, discriminator] = [layouts.generator, layouts.discriminator].map(countParameters);
  const phases = discriminatorSteps === 1 ? '' : `, ${discriminatorSteps} discriminator phases in a step`;
  return [
    'This is a dry run: nothing is trained, and the folder of the run stays as it is.',
    field('run', placeOf(planned)),
    field('preset', presetOf(config)),
    field('data', dataOf(config, dataset)),
    field('image size', `${size}x${size}, ${channels === 1 ? 'gray' : 'colour'}`),
    field('generator', `${model.generator.kind}, ${grouped(generator)} parameters`),
    field('discriminator', `${grouped(discriminator)} parameters; loss ${model.loss}`),
    field('batch', `${batchSize} images, in ${batchSize / shardSize} shards of ${shardSize}${phases}`),
    field('length', describeLength(steps, config, dataset.count)),
    ...(stopWhen === undefined ? [] : [field('ends earlier', `when ${stopWhen}`)]),
    ...(evaluated === undefined
      ? []
      : [field('evaluates', `${evaluated.keys.join(', ')} every ${grouped(evaluated.everyImages)} images`)]),
    field('workers', workers),
    field('time', timeOf(planned)),
  ];
}

const field = (name: string, value: string): string => `  ${name.padEnd(14)} ${value}`;
const grouped = (count: number): string => count.toLocaleString('en');

function placeOf({ root, resumedFrom, step }: PlannedTraining): string {
  if (resumedFrom === undefined) return `a new one in ${printable(root)}`;
  return `${printable(root)} goes on from step ${step}, ${printable(resumedFrom)}`;
}

/**
 * The preset, and the fields of the configuration that differ from it. The data have a line of their own. Fields that
 * only the preset has are left out: they are those of another kind of generator.
 */
function presetOf(config: RunConfig): string {
  const preset = { ...presetConfig(config.preset), data: config.data, classes: config.classes };
  const differences = differencesOf(config, preset).filter((difference) => !difference.includes(' absent, not '));
  return differences.length === 0 ? config.preset : `${config.preset}, but ${differences.join('; ')}`;
}

const shownClasses = 10;

function dataOf({ data }: RunConfig, { count, labels, leftOut }: PlannedTraining['dataset']): string {
  const names = labels?.names ?? [];
  const shown = names.slice(0, shownClasses).map(printable).join(', ');
  const rest = names.length > shownClasses ? ` and ${names.length - shownClasses} more` : '';
  const classes = names.length === 0 ? 'no classes' : `${names.length} classes (${shown}${rest})`;
  const missing =
    leftOut.length === 0 ? '' : `; ${leftOut.length} ${leftOut.length === 1 ? 'file' : 'files'} cannot be used`;
  return `${printable(data)}: ${grouped(count)} images, ${classes}${missing}`;
}

/** Steps that were measured tell the time; before there are any, it is not known. */
function timeOf({ measured, step, steps }: PlannedTraining): string {
  if (steps <= step) return 'none: nothing is left to train';
  if (measured.length === 0)
    return 'not known before steps are measured; training says it after ten steps, and bench measures it';
  const stepMs = median(measured.map((metrics) => metrics.stepMs));
  const left = formatDuration((steps - step) * stepMs);
  return `about ${left}, if a step takes ${Math.ceil(stepMs)} ms as the ${grouped(measured.length)} steps of this run did`;
}
