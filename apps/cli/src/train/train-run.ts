/** One training, from an open run folder to its last checkpoint: link, local workers, coordinator, records. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCoordinator, type TrainingResult } from '@lstm-gan/coordinator';
import { createShardReader, type Dataset } from '@lstm-gan/data';
import { UserError, type VectorArithmetic } from '@lstm-gan/core';
import { checkRunIdentity, createLog, type Logger, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair } from '@lstm-gan/transport';
import { keepRecords } from './keep-records.ts';
import { startLocalWorkers } from './local-workers.ts';
import type { OpenRun } from './open-run.ts';
import { openSampler } from './sampler.ts';

export interface TrainRunOptions extends OpenRun {
  readonly steps: number;
  readonly dataset: Dataset;
  readonly workers: number;
  readonly device: 'cpu' | 'gpu';
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
  const { config, folder, dataset, workers, device, cacheDir, now, signal, onStep } = options;
  const log = createLog(folder.log, options.terminal);
  // Local workers are reached over a socket in a folder of our own: no port, no keys, no encryption to pay for.
  const socketFolder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-'));
  const bind = `ipc://${socketFolder}/coordinator`;
  const link = await createCoordinatorLink({ bind, keys: createKeyPair(), isAuthorized: () => false, memory: options.arithmetic });
  logLeftOut(log, dataset);
  // Workers build their graphs while the sampler builds its own.
  const orphaned = new AbortController();
  let finished = false;
  const children = startLocalWorkers({
    count: workers, address: link.address, device, cacheDir, logFolder: folder.root,
    onExit(sentence, left) {
      if (finished) return;
      log.warn(sentence);
      if (left === 0) orphaned.abort();
    },
  });
  log.info({ processIds: children.processIds, digest: dataset.digest, config }, `${workers} local workers started.`);
  const sampler = await openSampler(config.model, { count: sampleCount, seed: config.seed, cacheDir });
  const records = keepRecords({ config, folder, sampler, sampleEverySteps: options.sampleEverySteps, checkpointEveryMs, now });
  try {
    const { batchSize, shardSize, seed, flip } = config;
    const result = await startCoordinator({
      config, run: options.run, incarnation: options.incarnation, initial: options.initial, steps: options.steps, link, log, now,
      arithmetic: options.arithmetic,
      onIdentify(computes) {
        const identity = { config, dataDigest: dataset.digest, ...computes };
        if (options.identity === undefined) records.began(identity);
        else checkRunIdentity(folder.root, options.identity, identity);
      },
      readShards: createShardReader(dataset, { batchSize, shardSize, seed, flip }),
      signal: AbortSignal.any([signal, orphaned.signal]),
      onCommit(metrics, state) {
        if (state.step === options.steps) finished = true;
        onStep(metrics);
        return records.committed(metrics, state);
      },
    });
    finished = true;
    const written = await records.finish(result.state);
    if (orphaned.signal.aborted && result.state.step < options.steps && !signal.aborted) throw orphanedError(folder.root);
    return { ...result, ...written };
  } finally {
    finished = true;
    await link.close();
    await Promise.all([children.stopped(), sampler.close()]);
    await rm(socketFolder, { recursive: true, force: true });
    log.flush();
  }
}

function logLeftOut(log: Logger, { leftOut }: Dataset): void {
  for (const { file, reason } of leftOut) log.info({ file, reason }, 'A file of the data is left out.');
}

function orphanedError(root: string): UserError {
  return new UserError({
    code: 'workers-gone',
    message: 'All local workers have ended, and nothing is left that could compute.',
    advice: `The ends of ${root}/worker-*.log say why; the last checkpoint is intact.`,
  });
}
