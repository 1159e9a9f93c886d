/** The configuration of a new run on data that may be a folder of pictures, and the data, packed if they are not yet. */
import { cacheDirOf, type CacheOptions } from '@lstm-gan/command-line';
import type { ModelFile } from '@lstm-gan/command-line/model-file';
import { createProgressDisplay } from '@lstm-gan/command-line/terminal';
import { packDataset, type Dataset, type PackedDataset } from '@lstm-gan/data';
import type { ConfigLayer, RunConfig } from '@lstm-gan/run';
import { fitPreset, newRunConfig } from '../open-run/new-run-config.ts';

export interface DataOptions extends CacheOptions {
  /** Whether a file that cannot be read is an error. */
  readonly strictData?: boolean;
}

/** Returns the configuration of a new run. Says which preset was chosen if nobody named one for a folder of pictures. */
export async function startConfig(
  layers: readonly ConfigLayer[],
  modelFile: ModelFile | undefined,
): Promise<RunConfig> {
  const fitted = await fitPreset(layers);
  if (fitted === undefined) return newRunConfig(layers, modelFile);
  const config = newRunConfig([fitted.layer, ...layers], modelFile);
  process.stderr.write(`${fitted.sentence(config)}\n`);
  return config;
}

/** Opens the data of a run. Shows the progress if they must be packed first. */
export async function openData(config: RunConfig, options: DataOptions, now: () => number): Promise<Dataset> {
  return (await packData(config, options, now)).dataset;
}

/** Opens the data of a run as `openData` does, and tells where the packed file is. */
export function packData({ data, model }: RunConfig, options: DataOptions, now: () => number): Promise<PackedDataset> {
  const display = createProgressDisplay(`Packing ${data}`, process.stderr, now);
  const { size, channels } = model.image;
  const onProgress = (done: number, total: number): void => display.update(done, total, `${done} of ${total} images`);
  return packDataset(data, {
    cacheDir: cacheDirOf(options),
    size,
    channels,
    strict: options.strictData,
    onProgress,
  }).finally(() => display.stop());
}
