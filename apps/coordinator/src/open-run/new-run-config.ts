/**
 * The configuration of a new run: a preset, then a file, settings and options. Each of these layers overrides those
 * before it.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { ModelFile } from '@lstm-gan/command-line/model-file';
import { createLayouts, isCustom, presets, type Preset } from '@lstm-gan/core';
import { nearestName, UserError } from '@lstm-gan/core/errors';
import { networks } from '@lstm-gan/core/weights';
import { datasets, typicalShape, type Dataset } from '@lstm-gan/data';
import {
  checkRunConfig,
  configure,
  createRunConfig,
  mergeValues,
  overridesLayer,
  printable,
  readConfigFile,
  readSettings,
  type ConfigLayer,
  type RunConfig,
} from '@lstm-gan/run';

/** The options of a command that change the configuration. */
export interface ConfigOptions {
  readonly preset?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly data?: string;
  readonly channels?: 1 | 3;
  readonly flip?: boolean;
  readonly batchSize?: number;
  readonly shardSize?: number;
  readonly seed?: number;
  readonly engine?: RunConfig['engine'];
}

/** Returns the layers of a configuration; each overrides those before it. */
export async function readConfigLayers(options: ConfigOptions): Promise<ConfigLayer[]> {
  const { preset, config, set = [], data, channels, flip, batchSize, shardSize, seed, engine } = options;
  const layers: ConfigLayer[] = [];
  if (preset !== undefined) layers.push({ source: '--preset', values: { preset } });
  if (config !== undefined) layers.push(await readConfigFile(config));
  layers.push(readSettings(set));
  layers.push(overridesLayer({ data, channels, flip, batchSize, shardSize, seed, engine }));
  return layers.map((layer) => ({ ...layer, values: withAbsolutePath(layer.values) }));
}

/** Makes the path of a folder of images absolute, so that the run can be resumed from any current folder. */
function withAbsolutePath(values: ConfigLayer['values']): ConfigLayer['values'] {
  const { data } = values;
  return isFolder(data) ? { ...values, data: path.resolve(data) } : values;
}

/** Whether `data` of a configuration is the path of a folder, not the name of a data set. */
function isFolder(data: unknown): data is string {
  if (typeof data !== 'string' || datasets.has(data)) return false;
  return statSync(data, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The preset for pictures of a user's own, and the sizes of images that it is taken at without a word about them. */
const [presetOfFolders, leastSize, mostSize] = ['stable', 32, 128];

/** What the pictures of a folder decide, for a run without a preset. */
interface FittedPreset {
  /** Sets the preset and the shape of images. All other layers come above it. */
  readonly layer: ConfigLayer;
  /** Says what was chosen, and by which options to choose otherwise. `config` is the configuration with all layers. */
  sentence(config: RunConfig): string;
}

/**
 * If the layers name a folder of pictures and no preset, chooses the preset `stable`, at the largest power of two from
 * 32 to 128 pixels that the pictures' shorter sides (their median) fill, gray if all pictures are. Otherwise undefined.
 */
export async function fitPreset(layers: readonly ConfigLayer[]): Promise<FittedPreset | undefined> {
  const values = layers.reduce<unknown>((below, layer) => mergeValues(below, layer.values), {});
  const data = valueAt(values, ['data']);
  if (valueAt(values, ['preset']) !== undefined || !isFolder(data)) return undefined;
  const shape = await typicalShape(data);
  // When the data are opened, the error says what is wrong with them.
  if (shape === undefined) return undefined;
  const size = Math.min(mostSize, Math.max(leastSize, 2 ** Math.floor(Math.log2(shape.size))));
  return {
    layer: {
      source: 'the pictures',
      values: { preset: presetOfFolders, model: { image: { size, channels: shape.channels } } },
    },
    sentence({ model: { image } }) {
      const colours = image.channels === 1 ? 'gray' : 'RGB';
      return (
        `The run takes the preset ${presetOfFolders} at ${image.size}x${image.size} ${colours}, because no --preset is ` +
        `given and the pictures in ${printable(data)} have a shorter side of ${shape.size} pixels (median); ` +
        '--set model.image.size=N changes the size, --channels the colours.'
      );
    },
  };
}

/**
 * Returns the configuration of a new run. Throws a UserError if layers name different presets, or custom networks that
 * the file of networks does not define.
 */
export function newRunConfig(layers: readonly ConfigLayer[], modelFile?: ModelFile): RunConfig {
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
  const config = configure(findPreset(first?.name ?? defaultPreset), withNetworks(layers, modelFile));
  // Only now is it certain which networks the configuration names.
  if (isCustom(config.model)) createLayouts(config.model);
  return config;
}

/**
 * Adds what a file of networks decides: its hash, and, if the layers name no custom network, its only generator and its
 * only discriminator.
 */
function withNetworks(layers: readonly ConfigLayer[], modelFile: ModelFile | undefined): readonly ConfigLayer[] {
  if (modelFile === undefined) return layers;
  const { sha256, names } = modelFile;
  const source: ConfigLayer = { source: '--model', values: { model: { source: sha256 } } };
  const values = layers.reduce<unknown>((below, layer) => mergeValues(below, layer.values), {});
  if (networks.some((network) => valueAt(values, ['model', network, 'kind']) === 'custom')) return [...layers, source];
  const chosen = networks.flatMap((network) => {
    const [only, ...others] = names[network];
    if (only === undefined) return [];
    if (others.length === 0) return [[network, { kind: 'custom', name: only }] as const];
    throw new UserError({
      code: 'usage',
      message: `The file ${modelFile.path} defines the ${network}s ${names[network].join(', ')}, and the configuration names none of them.`,
      advice: `Choose one: --set 'model.${network}={kind: custom, name: ${only}}'.`,
    });
  });
  // Below the other layers, so that these may set the network's options.
  return [{ source: '--model', values: { model: Object.fromEntries(chosen) } }, ...layers, source];
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    values,
  );
}

/** Returns the configuration of a new run, with the classes of its data if the model is conditional. */
export function withClasses(config: RunConfig, dataset: Pick<Dataset, 'labels'>): RunConfig {
  const { model } = config;
  if (model.condition === undefined) return config;
  const classes = classesOf(config, dataset);
  return checkRunConfig({
    ...config,
    model: { ...model, condition: { ...model.condition, classes: classes.length } },
    classes,
  });
}

/** Returns the name and the number of images of each class. Throws a UserError if the data have no labels. */
export function classesOf({ data }: RunConfig, { labels }: Pick<Dataset, 'labels'>): NonNullable<RunConfig['classes']> {
  if (labels === undefined) {
    throw new UserError({
      code: 'no-labels',
      message: `The model reads the class of each image (model.condition), and the images of ${data} have no labels.`,
      advice: 'Give a folder with a folder for each class (--data animals, with animals/cats and animals/dogs).',
    });
  }
  const images = Array<number>(labels.names.length).fill(0);
  for (const label of labels.values) images[label] += 1;
  return labels.names.map((name, label) => ({ name, images: images[label] }));
}

/** Returns a preset's own configuration. For a preset that no longer exists, returns the default preset's. */
export function presetConfig(name: string): RunConfig {
  return createRunConfig(presets.get(name) ?? findPreset(defaultPreset));
}

const defaultPreset = 'digits';

/** Returns the preset with a name. Throws a UserError if there is none. */
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
