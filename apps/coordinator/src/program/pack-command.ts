/** The command that packs images before a run: `lstm-gan pack` and `lstm-gan-coordinator pack`. */
import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { addCacheDir, addModel, invocationOf } from '@lstm-gan/command-line';
import type { PackedDataset } from '@lstm-gan/data';
import { printable, shellWord, type RunConfig } from '@lstm-gan/run';
import type { Command } from 'commander';
import { readConfigLayers, withClasses } from '../open-run/new-run-config.ts';
import { loadModelFileOfRun } from '../open-run/model-file-of-run.ts';
import { addConfigSources, addDataOptions, type PackOptions } from './data-options.ts';
import { packData, startConfig } from './open-data.ts';
import { leftOutLines } from './training-report.ts';

/**
 * Gives a command the options, the help and the action of packing.
 * @param trainer the command that trains with the same options
 */
export function definePackCommand(command: Command, trainer: string): void {
  command.description('pack the images of a run into the cache, so that the run starts at once');
  addDataOptions(addConfigSources(addModel(command, 'if --config or --set names such networks'))).addHelpText(
    'after',
    () => examplesOf(invocationOf(command)),
  );
  addCacheDir(command).action((options: PackOptions) => pack(options, trainer));
}

function examplesOf(invocation: string): string {
  return `
Examples:
  $ ${invocation} --data ~/photos                     # at the size that train takes for these pictures
  $ ${invocation} --preset rows --data ~/photos --cache-dir /shared/lstm-gan
  $ ${invocation} --data ~/photos --set model.image.size=128 --channels 1

The packed file fits a run that has the same options. A run whose images have another size packs them again.`;
}

async function pack(options: PackOptions, trainer: string): Promise<void> {
  const layers = await readConfigLayers(options);
  const config = await startConfig(layers, await loadModelFileOfRun(undefined, options.model));
  const packed = await packData(config, options, () => performance.now());
  try {
    // A run would refuse images without the classes that its model reads.
    withClasses(config, packed.dataset);
    const { size: bytes } = await stat(packed.file);
    const lines = [
      ...packedLines(config, packed, bytes),
      ...leftOutLines(packed.dataset, ''),
      'To train on them:',
      `  ${[trainer, ...optionWords(options)].join(' ')}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    packed.dataset.close();
  }
}

function packedLines({ data }: RunConfig, { dataset, file, wasPacked }: PackedDataset, bytes: number): string[] {
  const { count, size, channels, labels } = dataset;
  const classes = labels === undefined ? '' : `, ${labels.names.length} classes`;
  const shape = `${size}x${size} ${channels === 1 ? 'gray' : 'RGB'}`;
  const what = `${count.toLocaleString('en')} images of ${printable(data)} at ${shape}${classes}`;
  return [
    wasPacked ? `Packed already: ${what}.` : `Packed ${what}.`,
    `  file         ${file} (${(bytes / 1e6).toFixed(1)} MB)`,
  ];
}

/** The options of a run on the packed file, as a shell reads them. */
function optionWords({ model, preset, config, set = [], data, channels, strictData, cacheDir }: PackOptions): string[] {
  const values = { model, preset, config, data, channels, 'cache-dir': cacheDir };
  return [
    ...Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${shellWord(String(value))}`],
    ),
    ...set.map((setting) => `--set ${shellWord(setting)}`),
    ...(strictData === true ? ['--strict-data'] : []),
  ];
}
