/** What a run is asked to be: a preset, and on it a file, settings and options, each above the one before. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { nearestName, presets, UserError, type Preset } from '@lstm-gan/core';
import { datasets } from '@lstm-gan/data';
import {
  configure,
  createRunConfig,
  overridesLayer,
  readConfigFile,
  readSettings,
  type ConfigLayer,
  type RunConfig,
} from '@lstm-gan/run';

export interface ConfigOptions {
  readonly preset?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly data?: string;
  readonly channels?: 1 | 3;
  readonly flip?: boolean;
  readonly batchSize?: number;
  readonly shardSize?: number;
  readonly threads?: number;
  readonly seed?: number;
  readonly engine?: RunConfig['engine'];
}

/** Everything that was asked for, the lowest first. */
export async function readLayers({
  preset,
  config,
  set = [],
  data,
  channels,
  flip,
  batchSize,
  shardSize,
  seed,
  threads,
  engine,
}: ConfigOptions): Promise<ConfigLayer[]> {
  const layers = [
    ...(preset === undefined ? [] : [{ source: '--preset', values: { preset } }]),
    ...(config === undefined ? [] : [await readConfigFile(config)]),
    readSettings(set),
    overridesLayer({ data, channels, flip, batchSize, shardSize, seed, threads, engine }),
  ];
  return layers.map((layer) => ({ ...layer, values: withWholePath(layer.values) }));
}

/** A folder of images is found again from wherever the run goes on. */
function withWholePath(values: ConfigLayer['values']): ConfigLayer['values'] {
  const { data } = values;
  const isFolder = typeof data === 'string' && !datasets.has(data) && existsSync(data);
  return isFolder ? { ...values, data: path.resolve(data) } : values;
}

/** The configuration of a new run. */
export function planConfig(layers: readonly ConfigLayer[]): RunConfig {
  const naming = layers.filter(({ values }) => values['preset'] !== undefined);
  const [first, ...others] = naming.map(({ source, values }) => ({ source, name: String(values['preset']) }));
  const other = others.find(({ name }) => name !== first.name);
  if (other !== undefined) {
    throw new UserError({
      code: 'two-presets',
      message: `${first.source} asks for the preset ${first.name}, ${other.source} for ${other.name}; a run starts from one.`,
      advice: 'Leave one of them out.',
    });
  }
  return configure(findPreset(first?.name ?? defaultPreset), layers);
}

/** What a preset says with nothing on top; of one that is not known any more, the first. */
export function plainConfig(name: string): RunConfig {
  return createRunConfig(presets.get(name) ?? findPreset(defaultPreset));
}

const defaultPreset = 'digits';

/** A preset by its name. */
export function findPreset(name: string): Preset {
  const preset = presets.get(name);
  if (preset !== undefined) return preset;
  const nearest = nearestName(name, [...presets.keys()]);
  throw new UserError({
    code: 'unknown-preset',
    message: `There is no preset ${name}; there are ${[...presets.keys()].join(', ')}.`,
    advice: nearest === undefined ? 'Choose one of them with --preset.' : `Did you mean --preset ${nearest}?`,
  });
}
