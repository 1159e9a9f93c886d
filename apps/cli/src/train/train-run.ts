/** One training, from an open run folder to its last checkpoint: link, local workers, coordinator, records. */
import { startCoordinator, type TrainingResult } from '@lstm-gan/coordinator';
import { createShardReader, type Dataset } from '@lstm-gan/data';
import type { NativeArithmetic } from '@lstm-gan/engine';
import {
  checkRunIdentity,
  createLog,
  describeStop,
  type BestCheckpoint,
  type Logger,
  type RunIdentity,
  type StepMetrics,
  type StopRule,
} from '@lstm-gan/run';
import { workersGone, type Crew, type GatherCrew } from './crew.ts';
import { keepRecords } from './keep-records.ts';
import { messageLimits } from './message-limits.ts';
import type { OpenRun } from './open-run.ts';
import { openSampler, sampleNoise } from './sampler.ts';

export interface TrainRunOptions extends OpenRun {
  readonly steps: number;
  readonly dataset: Dataset;
  readonly gatherCrew: GatherCrew;
  readonly cacheDir: string;
  readonly sampleEverySteps: number;
  readonly keepCheckpoints: number;
  readonly checkpointEveryMs: number;
  /** Ends the run before `steps` when it is met; knows the steps that are behind. */
  readonly stopRule: StopRule | undefined;
  /** Whether workers that compute other bits are refused from now on. */
  readonly isStrict: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly arithmetic: NativeArithmetic;
  readonly onStep: (metrics: StepMetrics) => void;
  /** Lines for the terminal, JSON as pino writes them. */
  readonly terminal: { write(line: string): void };
}

export interface TrainRunResult extends TrainingResult {
  readonly checkpoint: string;
  readonly grid: string;
  readonly best: BestCheckpoint | undefined;
}

const sampleCount = 64;

export async function trainRun(options: TrainRunOptions): Promise<TrainRunResult> {
  const { config, folder, dataset, cacheDir, now, signal, onStep, stopRule, arithmetic, isStrict } = options;
  const steps = stopRule?.isMet === true ? options.initial.step : options.steps;
  const log = createLog(folder.log, options.terminal);
  logLeftOut(log, dataset);
  log.info({ digest: dataset.digest, config }, `Training on ${dataset.count} images.`);
  // Workers build their graphs while the sampler builds its own.
  const crew = await options.gatherCrew({
    shardCount: config.batchSize / config.shardSize,
    threads: config.threads,
    folder,
    log,
    arithmetic,
    limits: messageLimits(config),
  });
  const sampler = await openSampler(config.model, {
    noise: sampleNoise(config.model, sampleCount, config.seed),
    cacheDir,
  }).catch(async (error: unknown) => {
    await dismiss(crew);
    throw error;
  });
  const records = keepRecords({ ...options, sampler });
  try {
    const { batchSize, shardSize, seed, flip } = config;
    const result = await startCoordinator({
      config,
      run: options.run,
      incarnation: options.incarnation,
      initial: options.initial,
      steps,
      link: crew.link,
      log,
      now,
      arithmetic,
      isStrict,
      onIdentify(computes) {
        const identity = { config, dataDigest: dataset.digest, ...computes };
        if (options.identity !== undefined) checkIdentity(options, options.identity, identity, log);
        options.takeUp();
        if (options.identity === undefined) records.began(identity);
      },
      readShards: createShardReader(dataset, { batchSize, shardSize, seed, flip }),
      signal: AbortSignal.any([signal, crew.gone, records.failed]),
      exchange: crew.exchange,
      onCommit(metrics) {
        stopRule?.observe(metrics);
        if (metrics.step === steps || stopRule?.isMet === true) crew.expectEnd();
        onStep(metrics);
        return records.committed(metrics);
      },
      onState: (state) => records.arrived(state),
      onRewind(step) {
        records.rewound(step);
        stopRule?.rewind(step);
      },
      isEnough: () => stopRule?.isMet ?? false,
    });
    crew.expectEnd();
    if (stopRule?.isMet === true) log.info({ step: result.state.step }, `Stopped: ${describeStop(stopRule)}.`);
    const written = await records.finish(result.state);
    if (crew.gone.aborted && result.state.step < steps && stopRule?.isMet !== true && !signal.aborted)
      throw workersGone(folder.root, crew.gone);
    return { ...result, ...written };
  } finally {
    await Promise.all([dismiss(crew), sampler.close()]);
    log.flush();
  }
}

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

async function dismiss(crew: Crew): Promise<void> {
  crew.expectEnd();
  await crew.link.close();
  await crew.dismissed();
}

function logLeftOut(log: Logger, { leftOut }: Dataset): void {
  for (const { file, reason } of leftOut) log.info({ file, reason }, 'A file of the data is left out.');
}
