/** Runs `train` and `coordinator`: from the options to the report at the end. */
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { cacheDirOf, exitCodes, onStopSignal, stoppedExitCode, type LogKind } from '@lstm-gan/command-line';
import { provisionWithProgress, readableLog } from '@lstm-gan/command-line/terminal';
import { isCustom } from '@lstm-gan/core';
import { loadNativeArithmetic } from '@lstm-gan/engine';
import {
  createTerminalLog,
  printable,
  printConfig,
  readMetrics,
  refuseRun,
  type ConfigLayer,
  type RunConfig,
} from '@lstm-gan/run';
import type { EvaluationPlan } from '../evaluate/evaluator.ts';
import { findRun, type FoundRun } from '../open-run/find-run.ts';
import { presetConfig, readConfigLayers, withClasses } from '../open-run/new-run-config.ts';
import { loadModelFileOfRun } from '../open-run/model-file-of-run.ts';
import {
  beginRun,
  foreseeResume,
  resumeRun,
  wasInterrupted,
  type ForeseenRun,
  type OpenRun,
} from '../open-run/open-run.ts';
import { tryNetworks } from '../open-run/try-networks.ts';
import type { GatherWorkers } from '../workers/run-workers.ts';
import { dryRunLines } from './dry-run.ts';
import { openData, startConfig } from './open-data.ts';
import type { RunOptions } from './run-options.ts';
import { trainRun, type TrainRunOptions, type TrainRunResult } from './train-run.ts';
import { lastStep, observePastNumbers, observePastSteps, readStopRule } from './training-length.ts';
import { showTrainingProgress } from './training-progress.ts';
import { endedBy, jsonReport, leftOutLines, reportLines } from './training-report.ts';

/** What a command that trains has besides its options. */
export interface TrainingCommand {
  /** The command, with the options that it needs again to continue. */
  readonly command: string;
  readonly gatherWorkers: GatherWorkers;
  /** Says how many workers a run of so many shards has, and what they compute on. */
  describeWorkers(shardCount: number): string;
  /** What is evaluated while the run trains. */
  readonly evaluation?: EvaluationPlan;
}

/** Begins or resumes a run, trains it with the workers that the command gathers, and prints where the results are. */
export async function runTraining(options: RunOptions, training: TrainingCommand): Promise<void> {
  const { command, gatherWorkers, evaluation } = training;
  const now = () => performance.now();
  const cacheDir = cacheDirOf(options);
  const layers = await readConfigLayers(options);
  const stopRule = readStopRule(options, evaluation?.names);
  const found = options.resume === undefined ? undefined : await findRun(options.resume);
  const modelFile = await loadModelFileOfRun(found?.root, options.model);
  const start: Start = found === undefined ? { config: await startConfig(layers, modelFile) } : { found };
  if (options.printConfig === true)
    return showConfig(start.config ?? (await foreseeResume(start.found, layers)).config);
  if (options.dryRun === true)
    return showDryRun(await completeStart(start, options, training, now), layers, options, training);
  const provisioned = await provisionWithProgress(cacheDir, 'cpu', now);
  const arithmetic = loadNativeArithmetic(provisioned, Math.min(4, os.availableParallelism()));
  const run = await openRun(options, await completeStart(start, options, training, now), layers, modelFile?.path);
  try {
    const dataset = await openData(run.config, options, now);
    const { config, folder, initial, askedStep } = run;
    const imageCount = dataset.count;
    const steps = lastStep(options, { config, root: folder.root, imageCount, step: initial.step, askedStep });
    await observePastSteps(stopRule, folder.metrics, initial.step);
    const evaluator = evaluation?.open(dataset);
    if (evaluator !== undefined) await observePastNumbers(stopRule, evaluator.numbers, folder.root, initial.step);
    const result = await trainUntilSignal(run, {
      steps,
      isDefaultLength: [options.steps, options.images, options.epochs, askedStep].every((asked) => asked === undefined),
      stopRule,
      ...(evaluation && evaluator && { evaluation: { evaluator, everyImages: evaluation.everyImages } }),
      isStrict: options.strict,
      sampleEverySteps: options.sampleEvery,
      keepCheckpoints: options.keep,
      checkpointEveryMs: 1000 * options.checkpointEvery,
      gatherWorkers,
      cacheDir,
      dataset,
      arithmetic,
      now,
      logKind: options.log,
    });
    dataset.close();
    run.end(steps);
    const ended = { run, steps, stopRule, result };
    const lines =
      options.json === true ? [jsonReport(ended)] : [...reportLines(ended, command), ...leftOutLines(dataset)];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (endedBy(ended) === 'signal') process.exitCode ||= stoppedExitCode(options.stoppedExitCode, process.env);
  } finally {
    run.folder.release();
  }
}

/** A new run with this configuration, or a run that exists. */
type Start =
  | { readonly config: RunConfig; readonly found?: undefined }
  | { readonly found: FoundRun; readonly config?: undefined };

/**
 * Completes the configuration of a new run with what its data decide, and tries networks that the user has written. So
 * data and networks that cannot be used are reported before the run folder is made.
 */
async function completeStart(
  start: Start,
  options: RunOptions,
  { evaluation }: TrainingCommand,
  now: () => number,
): Promise<Start> {
  if (start.config === undefined) return start;
  const dataset = await openData(start.config, options, now);
  let config: RunConfig;
  try {
    evaluation?.open(dataset);
    config = withClasses(start.config, dataset);
  } finally {
    dataset.close();
  }
  if (isCustom(config.model)) await tryNetworks(config, cacheDirOf(options));
  return { config };
}

function showConfig(config: RunConfig): void {
  process.stdout.write(printConfig(config, presetConfig(config.preset)));
}

/** Shows what would be trained. Writes nothing but packed images in the cache. */
async function showDryRun(
  start: Start,
  layers: readonly ConfigLayer[],
  options: RunOptions,
  { describeWorkers, evaluation }: TrainingCommand,
): Promise<void> {
  const { root, ...foreseen } = await foresee(options, start, layers);
  const { config, step, askedStep } = foreseen;
  const dataset = await openData(config, options, () => performance.now());
  dataset.close();
  const steps = lastStep(options, { config, root, imageCount: dataset.count, step, askedStep });
  const measured = (await readMetrics(path.join(root, 'metrics.jsonl'))).filter((metrics) => metrics.step <= step);
  const workers = describeWorkers(config.batchSize / config.shardSize);
  const { stopWhen } = options;
  const evaluated = evaluation && {
    everyImages: evaluation.everyImages,
    keys: evaluation.open(dataset).numbers.map(({ key }) => key),
  };
  const lines = dryRunLines({ ...foreseen, evaluated, root, dataset, steps, measured, workers, stopWhen });
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Returns how `openRun` would open a run. Throws the same errors, but does not look who trains in the folder. */
async function foresee(
  options: RunOptions,
  { config, found }: Start,
  layers: readonly ConfigLayer[],
): Promise<ForeseenRun & { readonly root: string }> {
  if (config === undefined) return { root: found.root, ...(await foreseeResume(found, layers)) };
  const root = rootOf(options, config);
  if (await wasInterrupted(root, config)) return { root, ...(await foreseeResume({ root }, [])) };
  await refuseRun(root);
  return { root, config, step: 0, resumedFrom: undefined, askedStep: undefined };
}

/** The folder of a new run. */
function rootOf({ out }: RunOptions, { preset }: RunConfig): string {
  return out ?? path.join('runs', preset);
}

/**
 * Opens a run. If a new run would begin in the folder of an interrupted run with the same configuration, resumes that
 * run.
 */
async function openRun(
  options: RunOptions,
  { config, found }: Start,
  layers: readonly ConfigLayer[],
  modelFile: string | undefined,
): Promise<OpenRun> {
  const onDamaged = (file: string, error: Error): void =>
    void process.stderr.write(`${file} is passed over: ${error.message}\n`);
  const onNotice = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  const opening = { onDamaged, onNotice, isStrict: options.strict, takeOver: options.takeOver, modelFile };
  if (config === undefined) return resumeRun(found, layers, opening);
  const root = rootOf(options, config);
  if (!(await wasInterrupted(root, config))) return beginRun(root, config, opening);
  const run = await resumeRun({ root }, [], opening);
  process.stderr.write(`The run in ${printable(root)} was interrupted.\n`);
  return run;
}

type TrainingContext = Omit<TrainRunOptions, keyof OpenRun | 'signal' | 'terminal' | 'onStep' | 'onBegin'> &
  Pick<TrainRunOptions, 'isStrict'> & { readonly logKind: LogKind };

/**
 * Trains with progress on the terminal. The first Ctrl-C or SIGTERM, or the end of the terminal, stops after the step;
 * the second signal stops at once, and so does the first one before there are steps.
 */
async function trainUntilSignal(run: OpenRun, context: TrainingContext): Promise<TrainRunResult> {
  const stopper = new AbortController();
  let hasBegun = false;
  const onSignal = (): void => {
    if (stopper.signal.aborted || !hasBegun) process.exit(exitCodes.interrupted);
    process.stderr.write('\nStopping after this step. Interrupt once more to stop at once.\n');
    stopper.abort();
  };
  const forgetSignals = onStopSignal(onSignal);
  const { steps, now, dataset, logKind } = context;
  const terminal =
    logKind === 'json' ? { write: (line: string) => void process.stderr.write(line) } : readableLog(process.stderr);
  const jsonLog = logKind === 'json' ? createTerminalLog(terminal) : undefined;
  const progress = showTrainingProgress({
    config: run.config,
    steps,
    imageCount: dataset.count,
    now,
    ...(jsonLog && { log: (line: string) => jsonLog.info(line) }),
  });
  try {
    return await trainRun({
      ...run,
      ...context,
      signal: stopper.signal,
      terminal,
      onBegin: () => void (hasBegun = true),
      onStep: (metrics, word) => progress.onStep(metrics, word),
    });
  } finally {
    progress.stop();
    forgetSignals();
  }
}
