/** The options that decide which images a run reads, and in which shape: what `pack` shares with a run. */
import type { ModelOptions } from '@lstm-gan/command-line';
import { Option, type Command } from 'commander';
import type { ConfigOptions } from '../open-run/new-run-config.ts';
import type { DataOptions } from './open-data.ts';
import { channelCount, repeated } from './run-option-values.ts';

/** What decides a packed file. */
export type PackOptions = Pick<ConfigOptions, 'preset' | 'config' | 'set' | 'data' | 'channels'> &
  DataOptions &
  ModelOptions;

/** Adds the options that name a configuration. */
export function addConfigSources(command: Command): Command {
  return command
    .option(
      '--preset <name>',
      'complete configuration to start from (default: digits; for a folder, stable at a size that fits its pictures)',
    )
    .option('--config <file>', 'YAML or JSON file with the fields that differ from the preset, or with all fields')
    .option(
      '--set <key=value>',
      'one field of the configuration, such as optimizer.generator.learningRate=1e-4; may be repeated',
      repeated,
    );
}

/** Adds the options that name the images. */
export function addDataOptions(command: Command): Command {
  return command
    .option('--data <name|folder>', "data set, or a folder of images (default: the preset's)")
    .addOption(
      new Option('--channels <count>', "1 for gray images, 3 for colour (default: the preset's)").argParser(
        channelCount,
      ),
    )
    .option('--strict-data', 'stop at an image file that cannot be read, instead of leaving it out');
}
