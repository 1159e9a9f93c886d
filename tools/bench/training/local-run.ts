/**
 * A run without a folder, for measuring: a real coordinator in this process and real workers of the built command line
 * over the local link, on black images.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { startCoordinator } from '@lstm-gan/coordinator';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { createLog, createTrainingState, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, type WorkerMessage } from '@lstm-gan/transport';
import { command } from '../../built-command.ts';
import { createBlankReader } from '../create-blank-reader.ts';
import { observeLink } from '../../observed-link.ts';

export interface LocalRunOptions {
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  readonly cacheDir: string;
  readonly steps: number;
  /** The core that each worker is pinned to, or undefined for none; one worker for each entry. */
  readonly cores: readonly (number | undefined)[];
  /** The number of threads of each worker. Default: 1. */
  readonly threads?: number;
  /** Called just before the workers are started. */
  readonly onStart?: () => void;
  readonly onMessage?: (kind: WorkerMessage['kind']) => void;
  /** Awaited before each event is given to the coordinator, which gets nothing until the promise resolves. */
  readonly hold?: () => Promise<void>;
  readonly onStep?: (metrics: StepMetrics) => void;
}

/**
 * Resolves when all steps are committed and the workers have ended. Rejects with a worker's output if one ends too
 * early.
 */
export async function runLocally(options: LocalRunOptions): Promise<void> {
  const { config, arithmetic, steps, cores, onStart, onStep } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-bench-'));
  const link = await createCoordinatorLink({
    bind: `ipc://${folder}/socket`,
    keys: createKeyPair(),
    isAuthorized: () => false,
    memory: arithmetic,
  });
  const initial = createTrainingState(config);
  const gone = new AbortController();
  onStart?.();
  const workers = cores.map((core, index) => startWorkerProcess(link.address, `worker-${index + 1}`, core, options));
  for (const { child } of workers) child.once('exit', () => gone.abort());
  const { state } = await startCoordinator({
    config,
    initial,
    arithmetic,
    steps,
    run: 'bench',
    incarnation: 1,
    link: observeLink(link, { onMessage: ({ kind }) => options.onMessage?.(kind), hold: options.hold }),
    readShards: createBlankReader(config),
    log: createLog('/dev/null'),
    now: () => performance.now(),
    signal: gone.signal,
    onCommit(metrics) {
      onStep?.(metrics);
      return false;
    },
  });
  await Promise.all(workers.map(({ child }) => child.exitCode ?? once(child, 'exit')));
  await rm(folder, { recursive: true });
  if (state.step < steps) throw new Error(`A worker ended too early:\n${workers.map(({ said }) => said()).join('\n')}`);
}

function startWorkerProcess(
  address: string,
  name: string,
  core: number | undefined,
  { cacheDir, threads = 1 }: LocalRunOptions,
): { child: ChildProcess; said: () => string } {
  const own = ['--name', name, '--threads', `${threads}`, '--cache-dir', cacheDir];
  const parameters = [command, 'worker', '--connect', address, '--log', 'json', ...own];
  const [program, ...before] =
    core === undefined ? [process.execPath] : ['taskset', '--cpu-list', String(core), process.execPath];
  const child = spawn(program, [...before, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (part: Buffer) => (text += part.toString()));
  return { child, said: () => text };
}
