import { checkModelConfig, fitFilters, modelConfigSchema, type ModelConfig, type Preset } from '@lstm-gan/core';
import { checkRunConfig, isMapping, type RunConfig } from '@lstm-gan/core/config';
import { mergeValues, type ConfigLayer } from './config-layers.ts';

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

/**
 * Whether the bits of the weights depend on the number of threads of a worker: TensorFlow's own kernels, which the
 * eager engine and precision bfloat16 use, divide sums among threads.
 */
export function doThreadsDecideBits({ engine, precision }: Pick<RunConfig, 'engine' | 'precision'>): boolean {
  return engine === 'eager' || precision === 'bfloat16';
}
