/** The options of a run, which `train` and `coordinator` share. */
import {
  addLog,
  addModel,
  addStoppedExitCode,
  positiveInteger,
  seconds,
  seed,
  type LogOptions,
  type ModelOptions,
  type StoppedExitCodeOptions,
} from '@lstm-gan/command-line';
import { presets } from '@lstm-gan/core';
import { datasets } from '@lstm-gan/data';
import { Option, type Command } from 'commander';
import type { ConfigOptions } from '../open-run/new-run-config.ts';
import type { ExchangeChoice } from '../workers/choose-exchange.ts';
import { addConfigSources, addDataOptions } from './data-options.ts';
import type { DataOptions } from './open-data.ts';
import { imageCount } from './run-option-values.ts';
import { defaultLength, type LengthOptions } from './training-length.ts';

export interface RunOptions
  extends DataOptions, ConfigOptions, LengthOptions, LogOptions, ModelOptions, StoppedExitCodeOptions {
  readonly printConfig?: boolean;
  readonly dryRun?: boolean;
  readonly out?: string;
  /** `true` for the newest run. */
  readonly resume?: string | true;
  readonly keep: number;
  readonly checkpointEvery: number;
  readonly sampleEvery: number;
  readonly exchange: ExchangeChoice;
  readonly strict: boolean;
  readonly takeOver?: boolean;
  readonly json?: boolean;
}

const exchangeHelp =
  'how gradients and weights travel: star, through the coordinator; sliced, directly between workers; auto, sliced if the coordinator listens on a network';

/** Adds the options of a run to a command. */
export function addRunOptions(command: Command): Command {
  addConfigSources(addModel(command, 'which model.generator or model.discriminator names'))
    .option('--print-config', 'only print the resulting configuration, with an explanation of each field')
    .addOption(
      new Option(
        '--dry-run',
        'only show what would be trained, on what and for how long; starts no workers and writes no run',
      ).conflicts('json'),
    );
  addDataOptions(command)
    .option('--flip', 'mirror images at random, left to right')
    .option(
      '--steps <count>',
      'train up to this step (default: the step that was asked for before; for a new run, see Length below)',
      positiveInteger,
    )
    .addOption(
      new Option('--images <count>', 'instead of --steps: train on this number of images, such as 320k or 1.5M')
        .argParser(imageCount)
        .conflicts('steps'),
    )
    .addOption(
      new Option('--epochs <count>', 'instead of --steps: train for this number of passes over the images')
        .argParser(positiveInteger)
        .conflicts(['steps', 'images']),
    )
    .option(
      '--stop-when <condition>',
      "stop earlier, when the condition holds, such as 'losses.generator<0.7' (train: also a number of --metrics); also keeps the best checkpoint",
    )
    .option('--stop-window <steps>', 'number of steps over which --stop-when averages the loss', positiveInteger, 100)
    .option('--stop-patience <steps>', 'number of steps in a row for which --stop-when must hold', positiveInteger, 1)
    .option('--batch-size <images>', "images per step (default: the preset's)", positiveInteger)
    .option('--shard-size <images>', "images per shard; changes the bits (default: the preset's)", positiveInteger)
    .option('--seed <number>', 'seed of everything random (default: 1)', seed)
    .addOption(new Option('--engine <name>', 'how units are executed (default: graph)').choices(['graph', 'eager']))
    .option('--out <folder>', 'run folder (default: runs/PRESET)')
    .addOption(
      new Option(
        '--resume [run]',
        'continue a run: its folder, or one of its checkpoints (default: latest, the newest in runs)',
      ).conflicts('out'),
    )
    .option('--take-over', 'take the run folder at once from a process that trains in it, or that may still do so')
    .option('--keep <count>', 'how many of the newest checkpoints to keep', positiveInteger, 2)
    .option(
      '--checkpoint-every <seconds>',
      'time between checkpoints, which is also the most that a crash costs',
      seconds,
      10,
    )
    .option('--sample-every <steps>', 'steps between sample grids', positiveInteger, 200)
    .addOption(new Option('--exchange <kind>', exchangeHelp).choices(['auto', 'star', 'sliced']).default('auto'))
    .option(
      '--no-strict',
      'also admit workers that compute other bits; the run is marked, because its weights then depend on its workers',
    )
    .option('--json', 'end with one line of JSON on standard output');
  return addLog(addStoppedExitCode(command));
}

/** Lines about a run's length, and the presets and data sets to choose from, for the end of a command's help. */
export const runOptionsHelp = `
Length:
  A new run trains as long as --steps, --images or --epochs says; by default, as many steps as the preset has. The
  default on a folder of your own:
  ${defaultLength}.
  A run that is resumed goes on to the step that was asked for before.

Presets:
${[...presets.values()].map(({ name, description }) => `  ${name.padEnd(16)} ${description}`).join('\n')}

Data sets:
${[...datasets.values()].map(({ name, description }) => `  ${name.padEnd(16)} ${description}`).join('\n')}`;
