/** One training, from an open run folder to its last checkpoint: link, local workers, coordinator, records. */
import { startCoordinator, type TrainingResult } from '@lstm-gan/coordinator';
import { createShardReader, type Dataset } from '@lstm-gan/data';
import type { VectorArithmetic } from '@lstm-gan/core';
import { checkRunIdentity, createLog, type Logger, type StepMetrics } from '@lstm-gan/run';
import { workersGone, type GatherCrew } from './crew.ts';
import { keepRecords } from './keep-records.ts';
import type { OpenRun } from './open-run.ts';
import { openSampler, sampleNoise } from './sampler.ts';

export interface TrainRunOptions extends OpenRun {
  readonly steps: number;
  readonly dataset: Dataset;
  readonly gatherCrew: GatherCrew;
  readonly cacheDir: string;
  readonly sampleEverySteps: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly arithmetic: VectorArithmetic;
  readonly onStep: (metrics: StepMetrics) => void;
  /** Lines for the terminal, JSON as pino writes them. */
  readonly terminal: { write(line: string): void };
}

export interface TrainRunResult extends TrainingResult {
  readonly checkpoint: string;
  readonly grid: string;
}

const checkpointEveryMs = 10_000;
const sampleCount = 64;

export async function trainRun(options: TrainRunOptions): Promise<TrainRunResult> {
  const { config, folder, dataset, cacheDir, now, signal, onStep } = options;
  const log = createLog(folder.log, options.terminal);
  logLeftOut(log, dataset);
  log.info({ digest: dataset.digest, config }, `Training on ${dataset.count} images.`);
  // Workers build their graphs while the sampler builds its own.
  const crew = await options.gatherCrew({ shardCount: config.batchSize / config.shardSize, folder, log, arithmetic: options.arithmetic });
  const dismiss = async (): Promise<void> => {
    crew.expectEnd();
    await crew.link.close();
    await crew.dismissed();
  };
  const sampler = await openSampler(config.model, { noise: sampleNoise(config.model, sampleCount, config.seed), cacheDir }).catch(async (error: unknown) => {
    await dismiss();
    throw error;
  });
  const records = keepRecords({ config, folder, sampler, sampleEverySteps: options.sampleEverySteps, checkpointEveryMs, now });
  try {
    const { batchSize, shardSize, seed, flip } = config;
    const result = await startCoordinator({
      config, run: options.run, incarnation: options.incarnation, initial: options.initial, steps: options.steps, link: crew.link, log, now,
      arithmetic: options.arithmetic,
      onIdentify(computes) {
        const identity = { config, dataDigest: dataset.digest, ...computes };
        if (options.identity === undefined) records.began(identity);
        else checkRunIdentity(folder.root, options.identity, identity);
      },
      readShards: createShardReader(dataset, { batchSize, shardSize, seed, flip }),
      signal: AbortSignal.any([signal, crew.gone]),
      onCommit(metrics, state) {
        if (state.step === options.steps) crew.expectEnd();
        onStep(metrics);
        return records.committed(metrics, state);
      },
    });
    crew.expectEnd();
    const written = await records.finish(result.state);
    if (crew.gone.aborted && result.state.step < options.steps && !signal.aborted) throw workersGone(folder.root);
    return { ...result, ...written };
  } finally {
    await Promise.all([dismiss(), sampler.close()]);
    log.flush();
  }
}

function logLeftOut(log: Logger, { leftOut }: Dataset): void {
  for (const { file, reason } of leftOut) log.info({ file, reason }, 'A file of the data is left out.');
}
