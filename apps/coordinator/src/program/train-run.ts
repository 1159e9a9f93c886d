/** Trains a run: from an open run folder, with workers, to its last checkpoint. */
import { createShardReader, type Dataset } from '@lstm-gan/data';
import type { NativeArithmetic } from '@lstm-gan/engine';
import {
  appendFinding,
  checkRunIdentity,
  createLog,
  describeStop,
  printable,
  readFindings,
  weightsSha256,
  type BestCheckpoint,
  type Finding,
  type Logger,
  type RunIdentity,
  type StepMetrics,
  type StopRule,
} from '@lstm-gan/run';
import type { TrainingResult } from '../coordinator-options.ts';
import { classesOf } from '../open-run/new-run-config.ts';
import type { OpenRun } from '../open-run/open-run.ts';
import { openEvaluations, type Evaluations } from '../evaluate/evaluations.ts';
import type { Evaluator } from '../evaluate/evaluator.ts';
import { createGridDiversity } from '../health/grid-diversity.ts';
import { createHealth, type Health } from '../health/health.ts';
import { keepRecords } from '../records/keep-records.ts';
import { gridImages, gridSamples, type Samples } from '../records/grid-samples.ts';
import { openSampler, type Sampler } from '../records/open-sampler.ts';
import { startCoordinator } from '../start-coordinator.ts';
import { createTimeForecast } from './time-forecast.ts';
import { defaultLength, describeLength, isOwnFolder } from './training-length.ts';
import { dismissWorkers, workersGone, type GatherWorkers, type RunWorkers } from '../workers/run-workers.ts';
import { workerMessageLimits } from '../workers/worker-message-limits.ts';

export interface TrainRunOptions extends OpenRun {
  /** The last step of the run. */
  readonly steps: number;
  /** Whether nobody has asked for this last step, now or before. */
  readonly isDefaultLength: boolean;
  readonly dataset: Dataset;
  readonly gatherWorkers: GatherWorkers;
  readonly cacheDir: string;
  readonly sampleEverySteps: number;
  readonly keepCheckpoints: number;
  readonly checkpointEveryMs: number;
  /**
   * When the rule's condition is met, the run ends before `steps`. The rule has already observed the steps of earlier
   * starts.
   */
  readonly stopRule: StopRule | undefined;
  /** Evaluates checkpoints while the run trains. */
  readonly evaluation?: { readonly evaluator: Evaluator; readonly everyImages: number };
  /** Whether workers that compute other bits than the run are refused from now on. */
  readonly isStrict: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly arithmetic: NativeArithmetic;
  /** Called when everything is ready and the coordinator begins to wait for workers. */
  readonly onBegin: () => void;
  /** @param word how the run is, in a word or two */
  readonly onStep: (metrics: StepMetrics, word: string) => void;
  /** The terminal's log. It gets JSON lines as pino writes them. */
  readonly terminal: { write(line: string): void };
}

export interface TrainRunResult extends TrainingResult {
  readonly checkpoint: string;
  readonly grid: string;
  readonly best: BestCheckpoint | undefined;
  /** The newest and the best value of each number that was evaluated, by its key. */
  readonly evaluated: ReturnType<Evaluations['results']>;
  /** What went wrong, also at earlier starts of the run. */
  readonly findings: readonly Finding[];
}

export async function trainRun(options: TrainRunOptions): Promise<TrainRunResult> {
  const { config, folder, dataset, steps, now, signal, onStep, stopRule, arithmetic, isStrict } = options;
  // The classes of the data as they are now. A resumed run is refused if it began with others.
  const classes = config.model.condition && { classes: classesOf(config, dataset) };
  const log = createLog(folder.log, options.terminal);
  logLeftOut(log, dataset);
  if (options.resumedFrom !== undefined) logWhereItGoesOn(log, options);
  if (isReached(options)) return drawReached(options);
  const length = describeLength(steps, config, dataset.count);
  log.info({ digest: dataset.digest, config }, `Training on ${dataset.count} images, ${length}.`);
  if (options.isDefaultLength && isOwnFolder(config))
    log.info(`This length is the default for a folder: ${defaultLength}. --epochs, --images or --steps change it.`);
  // The workers are started before the sampler is opened, so that workers and sampler build their graphs at the same
  // time.
  const workers = await options.gatherWorkers({
    shardCount: config.batchSize / config.shardSize,
    root: folder.root,
    log,
    arithmetic,
    limits: workerMessageLimits(config),
    modelFile: options.modelFile,
  });
  const samples = gridSamples(config.model, config.seed);
  const sampler = await openGridSampler(options, samples, workers);
  const health = await openHealth(options, log);
  const diversityOf = createGridDiversity(dataset, samples, config.model.latent);
  const onGrid = (step: number, images: Float32Array): void => health.observeGrid(step, diversityOf(images));
  const evaluations = await openRunEvaluations(options, health, log);
  const records = keepRecords({ ...options, sampler, gridColumns: samples.columns, onGrid, evaluations });
  const forecast = createTimeForecast(steps);
  signal.addEventListener('abort', () => evaluations?.stop());
  options.onBegin();
  try {
    const { batchSize, shardSize, seed, flip } = config;
    const result = await startCoordinator({
      config,
      run: options.run,
      incarnation: options.incarnation,
      initial: options.initial,
      steps,
      link: workers.link,
      log,
      now,
      arithmetic,
      isStrict,
      onIdentify(computes) {
        const identity = { config: { ...config, ...classes }, dataDigest: dataset.digest, ...computes };
        if (options.identity !== undefined) checkIdentity(options, options.identity, identity, log);
        options.takeUp(options.steps);
        if (options.identity === undefined) records.began(identity);
        records.drawReals(dataset, gridImages);
      },
      readShards: createShardReader(dataset, { batchSize, shardSize, seed, flip }),
      signal: AbortSignal.any([signal, workers.gone, records.failed, folder.lost]),
      exchange: workers.exchange,
      onCommit(metrics) {
        stopRule?.observe(metrics);
        if (metrics.step === steps || stopRule?.isMet === true) workers.expectEnd();
        health.observe(metrics);
        onStep(metrics, health.word);
        const sentence = forecast(metrics);
        if (sentence !== undefined) log.info(sentence);
        return records.committed(metrics);
      },
      onState: (state) => records.arrived(state),
      onRewind(step) {
        records.rewound(step);
        stopRule?.rewind(step);
        health.rewind(step);
        evaluations?.rewind(step);
      },
      isEnough: () => stopRule?.isMet ?? false,
    });
    workers.expectEnd();
    if (stopRule?.isMet === true) log.info({ step: result.state.step }, `Stopped: ${describeStop(stopRule)}.`);
    const written = await records.finish(result.state);
    const isComplete = result.state.step >= steps || stopRule?.isMet === true;
    if (workers.gone.aborted && !isComplete && !signal.aborted) throw workersGone(folder.root, workers);
    if (!signal.aborted) await evaluations?.finish(result.state.step, written.checkpoint);
    return { ...result, ...written, evaluated: evaluations?.results() ?? {}, findings: health.findings };
  } finally {
    evaluations?.stop();
    await Promise.all([dismissWorkers(workers), sampler.close()]);
    log.flush();
  }
}

/** Whether a run has nothing left to train: it is at its last step already, or its stop condition holds. */
function isReached({ initial, steps, stopRule }: TrainRunOptions): boolean {
  return initial.step >= steps || stopRule?.isMet === true;
}

/** Returns the result of a run that has nothing left to train. Starts no worker; draws the grid of the last step. */
async function drawReached(options: TrainRunOptions): Promise<TrainRunResult> {
  const { config, initial } = options;
  const samples = gridSamples(config.model, config.seed);
  const sampler = await openGridSampler(options, samples);
  try {
    const written = await keepRecords({ ...options, sampler, gridColumns: samples.columns }).finish(initial);
    return {
      state: initial,
      weightsSha256: weightsSha256(initial.generator.weights, initial.discriminator.weights),
      imagesPerSecond: NaN,
      losses: undefined,
      droppedContributions: 0,
      copiedLeases: 0,
      ...written,
      evaluated: {},
      findings: await readFindings(options.folder.health, initial.step),
    };
  } finally {
    await sampler.close();
  }
}

/** Opens the watch over the run's health. It knows what earlier starts have found, and does not say it again. */
async function openHealth({ config, folder, initial }: TrainRunOptions, log: Logger): Promise<Health> {
  return createHealth(config, await readFindings(folder.health, initial.step), (finding) => {
    const { event, step, images, message, advice } = finding;
    log.warn({ event, step, images }, `${message} ${advice}`);
    appendFinding(folder.health, finding, folder.confirm);
  });
}

/** Opens the evaluations of a run, if there are any. Their numbers tell of its health, and may end it. */
async function openRunEvaluations(
  { evaluation, config, folder, initial, stopRule }: TrainRunOptions,
  health: Health,
  log: Logger,
): Promise<Evaluations | undefined> {
  if (evaluation === undefined) return undefined;
  return openEvaluations({
    ...evaluation,
    config,
    log,
    root: folder.root,
    initialStep: initial.step,
    onNumber(number, { step, value }) {
      health.observeNumber(number, step, value);
      stopRule?.observeNumber(number.name, step, value);
    },
  });
}

/** Opens the sampler of the sample grids. If that fails, ends the workers before it throws. */
async function openGridSampler(
  { config, cacheDir }: TrainRunOptions,
  samples: Samples,
  workers?: RunWorkers,
): Promise<Sampler> {
  try {
    return await openSampler(config, { ...samples, cacheDir });
  } catch (error) {
    if (workers !== undefined) await dismissWorkers(workers);
    throw error;
  }
}

/** Refuses a run that began with other data or numerics; only warns if the run is not strict. */
function checkIdentity(
  { folder, isStrict }: TrainRunOptions,
  before: RunIdentity,
  present: RunIdentity,
  log: Logger,
): void {
  try {
    checkRunIdentity(folder.root, before, present);
  } catch (error) {
    if (isStrict) throw error;
    log.warn((error as Error).message);
  }
}

function logWhereItGoesOn(log: Logger, { folder, initial, steps }: TrainRunOptions): void {
  const place = `${printable(folder.root)} at step ${initial.step} of ${steps}`;
  log.info(initial.step < steps ? `Going on with ${place}.` : `Nothing is left to train: ${place}.`);
}

function logLeftOut(log: Logger, { leftOut }: Dataset): void {
  for (const { file, reason } of leftOut) log.info({ file, reason }, 'A file of the data is left out.');
}
