/** What `train` and `coordinator` have in common: the options of a run, and running it with progress and a report. */
import { cacheDirOf, positiveInteger, seconds, seed, type CacheOptions } from '@lstm-gan/command-line';
import {
  createCountdown,
  createProgressDisplay,
  provisionWithProgress,
  readableLog,
} from '@lstm-gan/command-line/terminal';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { presets } from '@lstm-gan/core';
import { datasets, openDataset, type Dataset } from '@lstm-gan/data';
import { loadNativeArithmetic } from '@lstm-gan/engine';
import {
  checkpointName,
  describeStop,
  printConfig,
  type ConfigLayer,
  type RunConfig,
  type StopRule,
} from '@lstm-gan/run';
import { Option, type Command } from 'commander';
import { channelCount, imageCount, repeated } from '../run-option-values.ts';
import type { ExchangeChoice, GatherCrew } from '../train/crew.ts';
import { findRun, type RunPlace } from '../train/find-run.ts';
import { lastStep, stopRuleOf, takeInPast, type LengthOptions } from '../train/how-long.ts';
import { beginRun, resumedConfig, resumeRun, wasInterrupted, type OpenRun } from '../train/open-run.ts';
import { plainConfig, planConfig, readLayers, type ConfigOptions } from '../train/plan-config.ts';
import { trainRun, type TrainRunOptions, type TrainRunResult } from '../train/train-run.ts';

export interface RunOptions extends CacheOptions, ConfigOptions, LengthOptions {
  readonly strictData?: boolean;
  readonly printConfig?: boolean;
  readonly out?: string;
  /** `true` for the newest run. */
  readonly resume?: string | true;
  readonly keep: number;
  readonly checkpointEvery: number;
  readonly sampleEvery: number;
  readonly exchange: ExchangeChoice;
  readonly strict: boolean;
  readonly json?: boolean;
}

const exchangeHelp =
  'how gradients and weights travel: star, through the coordinator; sliced, straight between workers; auto, sliced where the coordinator listens on a network';

/** Adds the options of a run to a command. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--preset <name>', 'complete configuration to start from (default: digits)')
    .option('--config <file>', 'YAML or JSON with what is to differ from the preset, or with everything')
    .option(
      '--set <key=value>',
      'one field of the configuration, such as optimizer.generator.learningRate=1e-4; may be repeated',
      repeated,
    )
    .option('--print-config', 'print the resulting configuration, each field explained, and do nothing else')
    .option('--data <name|folder>', "data set, or a folder of images (default: the preset's)")
    .addOption(
      new Option('--channels <count>', "1 for gray images, 3 for colour (default: the preset's)").argParser(
        channelCount,
      ),
    )
    .option('--flip', 'mirror images at random, left to right')
    .option('--strict-data', 'stop at an image file that cannot be read, instead of leaving it out')
    .option('--steps <count>', "train up to this step (default: the preset's)", positiveInteger)
    .addOption(
      new Option('--images <count>', 'the same in images of the data, such as 320k or 1.5M')
        .argParser(imageCount)
        .conflicts('steps'),
    )
    .option(
      '--stop-when <condition>',
      "stop earlier when it holds, such as 'losses.generator<0.7'; keeps the best checkpoint too",
    )
    .option('--stop-window <steps>', 'steps that the loss of --stop-when is averaged over', positiveInteger, 100)
    .option('--stop-patience <steps>', 'steps in a row for which --stop-when must hold', positiveInteger, 1)
    .option('--batch-size <images>', "images a step (default: the preset's)", positiveInteger)
    .option('--shard-size <images>', "images a shard; decides the bits (default: the preset's)", positiveInteger)
    .option('--threads <count>', 'threads of each worker; decides the bits (default: 1)', positiveInteger)
    .option('--seed <number>', 'seed of everything random (default: 1)', seed)
    .addOption(new Option('--engine <name>', 'how units are executed (default: graph)').choices(['graph', 'eager']))
    .option('--out <folder>', 'run folder (default: runs/PRESET)')
    .addOption(
      new Option(
        '--resume [run]',
        'go on with a run: its folder, or one of its checkpoints (default: latest, the newest in runs)',
      ).conflicts('out'),
    )
    .option('--keep <count>', 'how many of the newest checkpoints stay', positiveInteger, 2)
    .option('--checkpoint-every <seconds>', 'at most so long between checkpoints: what a crash may cost', seconds, 10)
    .option('--sample-every <steps>', 'steps between sample grids', positiveInteger, 200)
    .addOption(new Option('--exchange <kind>', exchangeHelp).choices(['auto', 'star', 'sliced']).default('auto'))
    .option(
      '--no-strict',
      'admit workers that compute other bits too: the run is marked, for its weights depend on who takes part',
    )
    .option('--json', 'end with one line of JSON on standard output');
}

/** What there is to choose from, for the end of a command's help. */
export const choices = `
Presets:
${[...presets.values()].map(({ name, description }) => `  ${name.padEnd(16)} ${description}`).join('\n')}

Data sets:
${[...datasets.values()].map(({ name, description }) => `  ${name.padEnd(16)} ${description}`).join('\n')}`;

/** Begins a run, or goes on with one, with the crew that the command gathers; tells at the end where everything is. */
export async function runTraining(options: RunOptions, gatherCrew: GatherCrew): Promise<void> {
  const now = () => performance.now();
  const cacheDir = cacheDirOf(options);
  const layers = await readLayers(options);
  const stopRule = stopRuleOf(options);
  const start: Start =
    options.resume === undefined ? { planned: planConfig(layers) } : { place: await findRun(options.resume) };
  if (options.printConfig === true) return showConfig(start.planned ?? (await resumedConfig(start.place, layers)));
  const arithmetic = loadNativeArithmetic(
    await provisionWithProgress(cacheDir, 'cpu', now),
    Math.min(4, os.availableParallelism()),
  );
  if (start.planned !== undefined) (await openData(start.planned, options, now)).close();
  const open = await openRun(options, start, layers);
  try {
    const dataset = await openData(open.config, options, now);
    const steps = lastStep(options, open.config, open.initial.step);
    await takeInPast(stopRule, open.folder.metrics, open.initial.step);
    const result = await runWithProgress(open, {
      steps,
      stopRule,
      isStrict: options.strict,
      sampleEverySteps: options.sampleEvery,
      keepCheckpoints: options.keep,
      checkpointEveryMs: 1000 * options.checkpointEvery,
      gatherCrew,
      cacheDir,
      dataset,
      arithmetic,
      now,
    });
    dataset.close();
    open.end();
    report(open, steps, stopRule, result, options.json === true);
    if (options.json !== true) reportLeftOut(dataset);
  } finally {
    await open.folder.release();
  }
}

function showConfig(config: RunConfig): void {
  process.stdout.write(printConfig(config, plainConfig(config.preset)));
}

function openData({ data, model }: RunConfig, options: RunOptions, now: () => number): Promise<Dataset> {
  const display = createProgressDisplay(`Packing ${data}`, process.stderr, now);
  const { size, channels } = model.image;
  const onProgress = (done: number, total: number): void => display.update(done, total, `${done} of ${total} images`);
  return openDataset(data, {
    cacheDir: cacheDirOf(options),
    size,
    channels,
    strict: options.strictData,
    onProgress,
  }).finally(() => display.stop());
}

/** A run that is planned, or one that is there. */
type Start =
  | { readonly planned: RunConfig; readonly place?: undefined }
  | { readonly place: RunPlace; readonly planned?: undefined };

async function openRun(
  options: RunOptions,
  { planned, place }: Start,
  layers: readonly ConfigLayer[],
): Promise<OpenRun> {
  const onDamaged = (file: string, error: Error): void =>
    void process.stderr.write(`${file} is passed over: ${error.message}\n`);
  if (planned === undefined) return resumeRun(place, layers, { onDamaged, isStrict: options.strict });
  const root = options.out ?? path.join('runs', planned.preset);
  if (!(await wasInterrupted(root, planned))) return beginRun(root, planned, options.strict);
  const open = await resumeRun({ root }, [], { onDamaged, isStrict: options.strict });
  process.stderr.write(`The run in ${root} was interrupted: going on behind step ${open.initial.step}.\n`);
  return open;
}

type RunContext = Pick<
  TrainRunOptions,
  | 'steps'
  | 'stopRule'
  | 'isStrict'
  | 'sampleEverySteps'
  | 'keepCheckpoints'
  | 'checkpointEveryMs'
  | 'gatherCrew'
  | 'cacheDir'
  | 'dataset'
  | 'arithmetic'
  | 'now'
>;

/** Shows progress and answers Ctrl-C. */
async function runWithProgress(open: OpenRun, context: RunContext): Promise<TrainRunResult> {
  const { steps, now } = context;
  const stopper = new AbortController();
  const onSignal = (): void => {
    if (stopper.signal.aborted) process.exit(130);
    process.stderr.write('\nStopping behind this step; once more to stop at once.\n');
    stopper.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  const display = createProgressDisplay('Training', process.stderr, now);
  const rates: number[] = [];
  const countdown = createCountdown(steps, now);
  try {
    return await trainRun({
      ...open,
      ...context,
      signal: stopper.signal,
      terminal: readableLog(process.stderr),
      onStep({ step, losses, imagesPerSecond }) {
        rates.push(imagesPerSecond);
        const rate = rates.slice(-20).reduce((sum, value) => sum + value, 0) / Math.min(20, rates.length);
        const text = `step ${step}/${steps}  loss D ${losses.discriminator.toFixed(3)} G ${losses.generator.toFixed(3)}  ${rate.toFixed(0)} images/s${countdown(step)}`;
        display.update(step, steps, text);
      },
    });
  } finally {
    display.stop();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
  }
}

function report(
  { folder, config, isStrict }: OpenRun,
  steps: number,
  stopRule: StopRule | undefined,
  result: TrainRunResult,
  json: boolean,
): void {
  const { state, weightsSha256, imagesPerSecond, losses, checkpoint, grid, best } = result;
  const isEnough = stopRule?.isMet === true;
  const endedBy = isEnough ? 'stop-when' : state.step < steps ? 'signal' : 'steps';
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ runDir: path.resolve(folder.root), step: state.step, weightsSha256, imagesPerSecond, losses, endedBy, strict: isStrict })}\n`,
    );
    return;
  }
  const more = endedBy === 'signal' ? steps : state.step * 2;
  const lines = [
    `${endedBy === 'steps' ? 'Finished' : 'Stopped behind'} step ${state.step}${Number.isNaN(imagesPerSecond) ? '' : `, ${imagesPerSecond.toFixed(0)} images/s`}.`,
    ...(isEnough ? [`It is enough: ${describeStop(stopRule)}.`] : []),
    `  sample grid  ${grid}`,
    `  metrics      ${folder.metrics}`,
    `  checkpoint   ${checkpoint}`,
    ...(best === undefined
      ? []
      : [
          `  best         ${path.join(folder.checkpoints, checkpointName(best.step))} (${best.metric} ${best.value.toPrecision(4)})`,
        ]),
    `  weights      sha256 ${weightsSha256}${isStrict ? '' : ' (of this run alone: --no-strict)'}`,
    'Go on:',
    `  npx lstm-gan train --resume ${folder.root} --steps ${more}`,
    // To whoever has seen the digits, not to somebody with pictures of his own.
    ...(config.data !== 'digits'
      ? []
      : ["The article's own configuration:", '  npx lstm-gan train --preset article --data emoji --out runs/article']),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const shownLeftOut = 10;

/** What of a folder was not used; at the end, where it is not scrolled away. */
function reportLeftOut({ leftOut }: Dataset): void {
  if (leftOut.length === 0) return;
  const lines = leftOut.slice(0, shownLeftOut).map(({ file, reason }) => `  ${file}: ${reason}`);
  const rest =
    leftOut.length > shownLeftOut ? [`  and ${leftOut.length - shownLeftOut} more; log.jsonl names them`] : [];
  process.stdout.write(
    `${[`${leftOut.length} files of the data could not be read and were left out:`, ...lines, ...rest].join('\n')}\n`,
  );
}
