/**
 * Runs a worker as a process: handles signals, opens the log, the links and the engine, and tries again if the
 * coordinator is gone.
 */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import {
  exitCodes,
  onStopSignal,
  stoppedExitCode,
  type LogKind,
  type LogOptions,
  type StoppedExitCodeOptions,
} from '@lstm-gan/command-line';
import { chooseDevice, findGpus } from '@lstm-gan/command-line/devices';
import { UserError } from '@lstm-gan/core/errors';
import { openEngine, type Engine } from '@lstm-gan/engine';
import { createLog, createTerminalLog, type Logger, type RunConfig } from '@lstm-gan/run';
import {
  createPeerLink,
  createWorkerLink,
  isLocalAddress,
  peerBindAddress,
  resolveAddress,
  type WorkerKeys,
} from '@lstm-gan/transport';
import { startWorker } from '../start-worker.ts';
import { awaitKeyFile } from './await-key-file.ts';

export interface RunWorkerOptions extends LogOptions, StoppedExitCodeOptions {
  /** The coordinator's address. */
  readonly connect: string;
  readonly keyFile?: string;
  /** A file of networks of one's own, for runs that have such networks. */
  readonly model?: string;
  /** The worker's name. No other worker of the run has it. */
  readonly name: string;
  readonly device: 'cpu' | 'gpu';
  /** The number of threads to compute with. */
  readonly threads: number;
  /** For how many seconds the worker waits for its key file, and then tries to reach a coordinator that is gone. */
  readonly patience: number;
  /** Where the link to other workers listens. */
  readonly peerAddress?: string;
  /** The number of flows (TCP connections) of each connection. */
  readonly flows?: number;
  readonly cacheDir: string;
}

const retryMs = 1000;

/**
 * Works for a coordinator until its run is over, and sets the exit code. If the coordinator is gone, looks for it during
 * `patience`.
 */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const { connect, keyFile, patience, device } = options;
  chooseDevice(device, findGpus().length);
  const modelSource = options.model === undefined ? undefined : await sourceOf(options.model);
  const stopped = stoppedExitCode(options.stoppedExitCode, process.env);
  const end = (isComplete: boolean): void => {
    if (!isComplete) process.exitCode ||= stopped;
  };
  const leaving = new AbortController();
  let isReady = false;
  onStopSignal(() => {
    // While the worker waits for its keys or builds its graphs, it has no work to complete. A second signal means that
    // the user does not want to wait.
    if (!isReady) process.exit(stopped);
    if (leaving.signal.aborted) process.exit(exitCodes.interrupted);
    leaving.abort();
  });
  const log = await openLog(options.log);
  const keys =
    keyFile === undefined
      ? undefined
      : await awaitKeyFile(keyFile, {
          patienceMs: 1000 * patience,
          now: () => performance.now(),
          onWait: (sentence) => log.info(sentence),
        });
  // A coordinator with a socket file makes a new socket file when it starts again, so waiting at the old one is
  // useless.
  const patienceMs = isLocalAddress(connect) ? 0 : 1000 * patience;
  let lastContactMs = performance.now();
  const left = (): number => lastContactMs + patienceMs - performance.now();
  for (;;) {
    try {
      const connectTimeoutMs = isLocalAddress(connect) ? undefined : attemptMs(left());
      const isComplete = await workOnce(options, {
        keys,
        modelSource,
        log,
        connectTimeoutMs,
        signal: leaving.signal,
        onReady: () => void (isReady = true),
        onContact: () => void (lastContactMs = performance.now()),
      });
      return end(isComplete);
    } catch (error) {
      isReady = false;
      const leftMs = left();
      if (leaving.signal.aborted || !mayPass(error) || leftMs <= 0) throw error;
      log.warn(`${error.message} Trying again for ${Math.ceil(leftMs / 1000)} s.`);
      await delay(Math.min(retryMs, leftMs));
      if (leaving.signal.aborted) return end(false);
    }
  }
}

/** Opens a log on stderr: readable lines, or JSON, with debug lines, because a worker has no other log. */
async function openLog(kind: LogKind): Promise<Logger> {
  if (kind === 'json') return createLog(process.stderr.fd);
  const { readableLog } = await import('@lstm-gan/command-line/terminal');
  return createTerminalLog(readableLog(process.stderr));
}

/** Registers the networks of a file, and returns its hash. */
async function sourceOf(file: string): Promise<string> {
  const { loadModelFile } = await import('@lstm-gan/command-line/model-file');
  return (await loadModelFile(file)).sha256;
}

/** How long one attempt to connect takes at most, in whole seconds: no longer than the patience that is left. */
function attemptMs(leftMs: number): number {
  return 1000 * Math.min(10, Math.max(1, Math.ceil(leftMs / 1000)));
}

/**
 * Whether a new connection may succeed after this error: the coordinator did not answer, its host has no address yet, or
 * it has not noticed yet that this worker's last connection ended.
 */
function mayPass(error: unknown): error is UserError {
  const passing = ['coordinator-gone', 'unknown-host', 'name-server-silent', 'rejected-name-taken'];
  return error instanceof UserError && passing.includes(error.code);
}

/** One attempt to work for a coordinator. */
interface Attempt {
  readonly keys: WorkerKeys | undefined;
  readonly modelSource: string | undefined;
  readonly log: Logger;
  readonly connectTimeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Called when the worker may have work. */
  readonly onReady: () => void;
  /** Called when the link has ended, if the coordinator had sent the run's configuration and the engine was opened. */
  readonly onContact: () => void;
}

/** Works over one link until the link ends. Returns whether the run has reached its end. */
async function workOnce(
  options: RunWorkerOptions,
  { keys, modelSource, log, connectTimeoutMs, signal, onReady, onContact }: Attempt,
): Promise<boolean> {
  const { name, device, threads, cacheDir, flows } = options;
  // A name may get another address while the worker looks for its coordinator.
  const connect = await resolveAddress(options.connect);
  let engine: Engine | undefined;
  // The link is opened before the engine. Weights arrive only when the engine is open, so they are received into the
  // engine's memory.
  const own = {
    allocate: (length: number) => engine?.arithmetic.allocate(length) ?? new Float32Array(length),
    release: (array: Float32Array | Uint8Array) => engine?.arithmetic.release(array),
  };
  const memory = { ...own, sharing: () => engine?.arithmetic.sharing?.() };
  const open = async ({ engine: engineName, precision }: RunConfig): Promise<Engine> => {
    engine = await openEngine(engineName, { threads, device, precision, cacheDir });
    return engine;
  };
  try {
    return await startWorker({
      link: createWorkerLink({ connect, keys, memory, flowCount: flows, connectTimeoutMs }),
      openPeers: async () =>
        createPeerLink({
          bind: options.peerAddress ?? (await peerBindAddress(connect, name)),
          memory: own,
          flowCount: flows,
        }),
      host: hostname(),
      besideCoordinator: isLocalAddress(connect),
      name,
      modelSource,
      openEngine: open,
      log,
      signal,
      onReady,
      now: () => performance.now(),
    });
  } finally {
    if (engine !== undefined) onContact();
  }
}
