/** A coordinator in this process and workers in theirs, over encrypted TCP. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { startCoordinator, type TrainingResult } from '@lstm-gan/coordinator';
import { createShardReader } from '@lstm-gan/data';
import { createLog, createTrainingState, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, writeKeyFile } from '@lstm-gan/transport';
import { lstmGan } from './command-line.ts';
import { smallConfig, smallDataset } from './small-run.ts';

type WorkerProcess = ReturnType<typeof lstmGan>;

export interface ClusterOptions {
  readonly workers: number;
  readonly steps: number;
  readonly config?: RunConfig;
  /** Hears of every committed step, and may do harm to the workers. */
  readonly onStep?: (metrics: StepMetrics, workers: readonly WorkerProcess[]) => void;
}

export interface ClusterResult extends TrainingResult {
  /** How each worker process ended: its exit code, or the signal that killed it. */
  readonly endings: readonly (number | string | undefined)[];
  readonly log: string;
}

/** Trains from nothing with worker processes; all are gone when it resolves. */
export async function trainOnCluster({ workers, steps, config = smallConfig, onStep }: ClusterOptions): Promise<ClusterResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-cluster-'));
  const [server, client] = [createKeyPair(), createKeyPair()];
  const link = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  const keyFile = path.join(folder, 'worker.key');
  await writeKeyFile(keyFile, { ...client, serverKey: server.publicKey });
  const processes = Array.from({ length: workers }, (_, k) =>
    lstmGan(['worker', '--connect', link.address, '--key-file', keyFile, '--name', `worker-${k + 1}`]),
  );
  const orphaned = new AbortController();
  void Promise.all(processes).then(() => orphaned.abort());
  const lines: string[] = [];
  const { batchSize, shardSize, seed, flip } = config;
  try {
    const result = await startCoordinator({
      config, steps, link, run: 'test', incarnation: 1,
      initial: createTrainingState(config),
      readShards: createShardReader(smallDataset, { batchSize, shardSize, seed, flip }),
      log: createLog(path.join(folder, 'log.jsonl'), { write: (line) => void lines.push(line) }),
      now: () => performance.now(),
      signal: orphaned.signal,
      onCommit(metrics) {
        onStep?.(metrics, processes);
        return false;
      },
    });
    const ended = await Promise.all(processes);
    return { ...result, endings: ended.map(({ exitCode, signal }) => signal ?? exitCode), log: lines.join('') };
  } catch (error) {
    for (const worker of processes) worker.kill('SIGKILL');
    await Promise.all(processes);
    throw error;
  }
}
