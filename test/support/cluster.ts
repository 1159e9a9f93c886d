/** Trains with a coordinator in this process and workers in processes of their own, over encrypted TCP. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { startCoordinator, type TrainingResult } from '@lstm-gan/coordinator';
import { createShardReader, type Dataset } from '@lstm-gan/data';
import { createLog, createTrainingState, type RunConfig, type RunIdentity, type StepMetrics } from '@lstm-gan/run';
import {
  createCoordinatorLink,
  createKeyPair,
  writeKeyFile,
  type CoordinatorLink,
  type CoordinatorLinkEvent,
  type Exchange,
  type KeyPair,
  type WorkerMessage,
} from '@lstm-gan/transport';
import { observeLink } from '../../tools/observed-link.ts';
import { lstmGan } from './command-line.ts';
import { smallConfig, smallDataset } from './small-run.ts';

type WorkerProcess = ReturnType<typeof lstmGan>;

export interface ClusterOptions {
  readonly workers: number;
  readonly steps: number;
  readonly config?: RunConfig;
  /** The images of the run. Default: `smallDataset`. */
  readonly dataset?: Dataset;
  readonly exchange?: Exchange;
  /** For each worker, further options of its command, and environment variables. */
  readonly settings?: readonly { readonly parameters?: readonly string[]; readonly env?: NodeJS.ProcessEnv }[];
  /** Called before the workers are started, with the address and the keys that any process needs to connect. */
  readonly onListening?: (address: string, keys: { readonly server: KeyPair; readonly worker: KeyPair }) => void;
  /** Called after every committed step. It may kill workers. */
  readonly onStep?: (metrics: StepMetrics, workers: readonly WorkerProcess[]) => void;
  readonly onMessage?: (message: WorkerMessage) => void;
}

export interface ClusterResult extends TrainingResult {
  /** How each worker process ended: its exit code, or the signal that killed it. */
  readonly endings: readonly (number | string | undefined)[];
  /** The hash of each unit's outputs on a fixed input, as the first worker computed it. */
  readonly probes: RunIdentity['probes'];
  readonly log: string;
}

/** Holds back the `ready` messages until all workers are ready: a short run would end before its last worker joins. */
function startingTogether(link: CoordinatorLink, workers: number): CoordinatorLink {
  const ready: CoordinatorLinkEvent[] = [];
  return {
    ...link,
    async *events() {
      for await (const event of link.events()) {
        const isHeld = ready.length < workers && event.kind === 'message' && event.message.kind === 'ready';
        if (!isHeld) yield event;
        else if (ready.push(event) === workers) yield* ready;
      }
    },
  };
}

/** A run that shows no progress for this long hangs. A busy machine may need a minute to start its workers. */
const silenceMs = 5 * 60_000;

/**
 * Trains from step 0 with worker processes. All of them have ended when the promise resolves. If the run hangs, rejects
 * with the log and the output of all workers.
 */
export async function trainOnCluster({
  workers,
  steps,
  config = smallConfig,
  dataset = smallDataset,
  exchange = 'star',
  settings = [],
  onStep,
  onMessage,
  onListening,
}: ClusterOptions): Promise<ClusterResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-cluster-'));
  const [server, client] = [createKeyPair(), createKeyPair()];
  const link = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  onListening?.(link.address, { server, worker: client });
  const keyFile = path.join(folder, 'worker.key');
  await writeKeyFile(keyFile, { ...client, serverKey: server.publicKey });
  const processes = Array.from({ length: workers }, (_, k) =>
    lstmGan(
      [
        ...['worker', '--connect', link.address, '--key-file', keyFile, '--name', `worker-${k + 1}`],
        ...(settings[k]?.parameters ?? []),
      ],
      { env: settings[k]?.env },
    ),
  );
  const orphaned = new AbortController();
  void Promise.all(processes).then(() => orphaned.abort());
  const lines: string[] = [];
  let probes: RunIdentity['probes'] = {};
  let step = 0;
  let heardMs = performance.now();
  const hear = (message: WorkerMessage): void => {
    heardMs = performance.now();
    onMessage?.(message);
  };
  const { batchSize, shardSize, seed, flip } = config;
  const train = async (): Promise<ClusterResult> => {
    const result = await startCoordinator({
      config,
      steps,
      exchange,
      run: 'test',
      incarnation: 1,
      link: startingTogether(observeLink(link, { onMessage: hear }), workers),
      initial: createTrainingState(config),
      readShards: createShardReader(dataset, { batchSize, shardSize, seed, flip }),
      log: createLog(path.join(folder, 'log.jsonl'), { write: (line) => void lines.push(line) }),
      now: () => performance.now(),
      signal: orphaned.signal,
      onIdentify: (computes) => void (probes = computes.probes),
      onCommit(metrics) {
        step = metrics.step;
        onStep?.(metrics, processes);
        return false;
      },
    });
    const ended = await Promise.all(processes);
    const endings = ended.map(({ exitCode, signal }) => signal ?? exitCode);
    return { ...result, endings, probes, log: lines.join('') };
  };
  const over = new AbortController();
  const hanging = async (): Promise<'hanging'> => {
    while (performance.now() - heardMs < silenceMs) await delay(1000, undefined, { signal: over.signal });
    return 'hanging';
  };
  try {
    const result = await Promise.race([train(), hanging()]);
    if (result !== 'hanging') return result;
    for (const worker of processes) worker.kill('SIGQUIT');
    const said = (await Promise.all(processes)).map(
      ({ stderr, signal, exitCode }) => `${signal ?? exitCode}: ${String(stderr)}`,
    );
    const output = `${lines.join('')}Workers:\n${said.join('\n')}`;
    throw new Error(`Nothing was heard for ${silenceMs / 1000} s, after step ${step}.\n${output}`);
  } catch (error) {
    for (const worker of processes) worker.kill('SIGKILL');
    await Promise.all(processes);
    throw error;
  } finally {
    over.abort();
  }
}
