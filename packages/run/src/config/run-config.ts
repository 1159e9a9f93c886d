import { checkModelConfig, fitFilters, modelConfigSchema, type ModelConfig, type Preset } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import type { z } from 'zod';
import { expectationOf, fieldAt, isMapping } from './config-fields.ts';
import { mergeValues, type ConfigLayer } from './config-layers.ts';
import { runConfigSchema, type RunConfig } from './run-config-schema.ts';

export type { RunConfig };

/** The fields that have a command line option of their own. */
export interface ConfigOverrides {
  readonly data?: string;
  /** Channels of the images: 1 is gray, 3 RGB. Also changes the model. */
  readonly channels?: 1 | 3;
  readonly flip?: boolean;
  readonly batchSize?: number;
  readonly shardSize?: number;
  readonly seed?: number;
  readonly engine?: RunConfig['engine'];
}

/** The overrides as a configuration layer. */
export function overridesLayer({ channels, ...others }: ConfigOverrides): ConfigLayer {
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  return {
    source: 'options',
    values: { ...given, ...(channels === undefined ? {} : { model: { image: { channels } } }) },
  };
}

/** A preset with layers on top, checked. Throws a UserError if the result is not a valid configuration. */
export function configure(
  { name, model, data, batchSize, shardSize, discriminatorSteps, sharedNoise, optimizer, ema }: Preset,
  layers: readonly ConfigLayer[],
): RunConfig {
  const complete = {
    preset: name,
    model,
    data,
    flip: false,
    batchSize,
    shardSize,
    discriminatorSteps,
    sharedNoise,
    seed: 1,
    engine: 'graph',
    precision: 'float32',
    wire: 'float32',
    optimizer,
    ema,
  };
  const withModel = (start: ModelConfig): unknown =>
    layers.reduce<unknown>((below, { values }) => mergeValues(below, values), { ...complete, model: start });
  return checkRunConfig(withFittingFilters(model, withModel));
}

/**
 * Returns the values of a configuration. If the layers change the image size (or the base of the generator) so that the
 * filters do not fit any more, the filters of the preset are changed by the rule of `fitFilters`; filters that a layer
 * names stay.
 */
function withFittingFilters(preset: ModelConfig, withModel: (start: ModelConfig) => unknown): unknown {
  const values = withModel(preset);
  const wanted = modelConfigSchema.safeParse(isMapping(values) ? values['model'] : undefined).data;
  if (wanted === undefined || doesFit(wanted)) return values;
  const { image, generator } = wanted;
  const changed =
    'base' in generator && 'base' in preset.generator
      ? { ...preset.generator, base: generator.base }
      : preset.generator;
  return withModel(fitFilters({ ...preset, image, generator: changed }, preset.image.size));
}

function doesFit(model: ModelConfig): boolean {
  try {
    checkModelConfig(model);
    return true;
  } catch {
    return false;
  }
}

/** A preset with overrides, checked. */
export function createRunConfig(preset: Preset, overrides: ConfigOverrides = {}): RunConfig {
  return configure(preset, [overridesLayer(overrides)]);
}

/** Checks a configuration from outside. Throws a UserError that names the first field that is wrong. */
export function checkRunConfig(value: unknown): RunConfig {
  const parsed = runConfigSchema.safeParse(withoutThreads(value));
  if (!parsed.success) throw explain(parsed.error.issues[0], value);
  const config = parsed.data;
  checkModelConfig(config.model);
  if (config.batchSize % config.shardSize !== 0) {
    const better = Math.max(1, Math.round(config.batchSize / config.shardSize)) * config.shardSize;
    throw new UserError({
      code: 'batch-not-divisible',
      message: `A batch of ${config.batchSize} images cannot be cut into shards of ${config.shardSize}.`,
      advice: `Use --batch-size ${better}, or a --shard-size that divides ${config.batchSize}.`,
    });
  }
  const { minibatchDeviation: groupSize = 1 } = config.model.discriminator;
  if (config.shardSize % groupSize !== 0) {
    throw new UserError({
      code: 'config',
      message: `A shard of ${config.shardSize} images cannot be divided into groups of ${groupSize}.`,
      advice: 'Set model.discriminator.minibatchDeviation to a number that divides shardSize.',
    });
  }
  checkClasses(config);
  return config;
}

/** The number of images of the data that a step reads: one batch for each discriminator phase. */
export function imagesPerStep({
  batchSize,
  discriminatorSteps,
}: Pick<RunConfig, 'batchSize' | 'discriminatorSteps'>): number {
  return batchSize * discriminatorSteps;
}

function checkClasses({ classes, model }: RunConfig): void {
  const expected = model.condition?.classes;
  if (classes === undefined || expected === undefined || classes.length === expected) return;
  throw new UserError({
    code: 'config',
    message: `The configuration lists ${classes.length} classes, and model.condition.classes is ${expected}.`,
    advice: 'Leave both out: a new run takes them from its data.',
  });
}

/**
 * Whether the bits of the weights depend on the number of threads of a worker: TensorFlow's own kernels, which the
 * eager engine and precision bfloat16 use, divide sums among threads.
 */
export function doThreadsDecideBits({ engine, precision }: Pick<RunConfig, 'engine' | 'precision'>): boolean {
  return engine === 'eager' || precision === 'bfloat16';
}

/** Older runs wrote the number of threads into their configuration. Now it is an option of workers. */
function withoutThreads(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const { threads: _, ...others } = value;
  return others;
}

/** An error that names the field, its value, and what is allowed. */
function explain(issue: z.core.$ZodIssue, config: unknown): UserError {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...keys].join('.');
  const got = issue.path.reduce<unknown>(
    (value, key) =>
      isMapping(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    config,
  );
  const field = fieldAt(issue.path, config);
  const kind = isMapping(got) ? got['kind'] : undefined;
  const unknown = `${path} is no field${kind === undefined ? '' : ` of kind ${String(kind)}`}`;
  const allowed = field === undefined ? issue.message : expectationOf(field);
  const found = got === undefined ? 'and is missing' : `not ${JSON.stringify(got)?.slice(0, 80)}`;
  const what = keys.length > 0 ? unknown : `${path || 'It'} is to be ${allowed}, ${found}`;
  return new UserError({
    code: 'config',
    message: `The configuration does not hold: ${what}.`,
    advice: 'Correct the field; docs/config.md tells what each may be.',
  });
}
