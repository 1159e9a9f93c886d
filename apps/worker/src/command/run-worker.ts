/** Runs a worker as a process: signals, log, links and engine, and new attempts if the coordinator is gone. */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { chooseDevice, findGpus } from '@lstm-gan/command-line/devices';
import { UserError } from '@lstm-gan/core/errors';
import { openEngine, type Engine } from '@lstm-gan/engine';
import { createLog, createTerminalLog, type Logger, type RunConfig } from '@lstm-gan/run';
import {
  createPeerLink,
  createWorkerLink,
  isLocalAddress,
  peerBindAddress,
  readKeyFile,
  type WorkerKeys,
} from '@lstm-gan/transport';
import { startWorker } from '../start-worker.ts';

export interface RunWorkerOptions {
  /** The coordinator's address. */
  readonly connect: string;
  readonly keyFile?: string;
  /** Unique in the run. */
  readonly name: string;
  readonly device: 'cpu' | 'gpu';
  /** Seconds for which to look for a coordinator that is gone. */
  readonly patience: number;
  /** Where the link to other workers listens. */
  readonly peerAddress?: string;
  /** The number of flows (TCP connections) of each connection. */
  readonly flows?: number;
  readonly cacheDir: string;
}

const retryMs = 1000;

/** Works for a coordinator until its run is finished. If the coordinator is gone, looks for it during `patience`. */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const { connect, keyFile, patience, device } = options;
  chooseDevice(device, findGpus().length);
  const keys = keyFile === undefined ? undefined : await readKeyFile(keyFile);
  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
  const log = await openLog();
  // A coordinator on this machine that is gone does not come back at the same socket.
  const patienceMs = isLocalAddress(connect) ? 0 : 1000 * patience;
  let lastContactMs = performance.now();
  for (;;) {
    try {
      return await workOnce(options, keys, log, leaving.signal, () => (lastContactMs = performance.now()));
    } catch (error) {
      const leftMs = lastContactMs + patienceMs - performance.now();
      if (leaving.signal.aborted || !mayPass(error) || leftMs <= 0) throw error;
      log.warn(`${error.message} Trying again for ${Math.ceil(leftMs / 1000)} s.`);
      await delay(retryMs);
      if (leaving.signal.aborted) return;
    }
  }
}

/** Readable lines on a terminal; JSON if a file keeps them, as for the workers that `train` starts. */
async function openLog(): Promise<Logger> {
  if (!process.stderr.isTTY) return createLog(process.stderr.fd);
  const { readableLog } = await import('@lstm-gan/command-line/terminal');
  return createTerminalLog(readableLog(process.stderr));
}

/**
 * Whether another attempt may succeed: no coordinator answers now, or the coordinator has not noticed yet that this
 * worker was gone.
 */
function mayPass(error: unknown): error is UserError {
  return error instanceof UserError && ['coordinator-gone', 'rejected-name-taken'].includes(error.code);
}

/** Works over one link until it ends. Then calls `onContact` if the coordinator had answered. */
async function workOnce(
  options: RunWorkerOptions,
  keys: WorkerKeys | undefined,
  log: Logger,
  signal: AbortSignal,
  onContact: () => void,
): Promise<void> {
  const { connect, name, device, cacheDir, flows } = options;
  let engine: Engine | undefined;
  // The link is opened before the engine. Weights arrive only when the engine is open, so they are received into the
  // engine's memory.
  const own = {
    allocate: (length: number) => engine?.arithmetic.allocate(length) ?? new Float32Array(length),
    release: (array: Float32Array | Uint8Array) => engine?.arithmetic.release(array),
  };
  const memory = { ...own, sharing: () => engine?.arithmetic.sharing?.() };
  const open = async ({ engine: engineName, threads, precision }: RunConfig): Promise<Engine> => {
    engine = await openEngine(engineName, { threads, device, precision, cacheDir });
    return engine;
  };
  try {
    await startWorker({
      link: createWorkerLink({ connect, keys, memory, flowCount: flows }),
      openPeers: async () =>
        createPeerLink({
          bind: options.peerAddress ?? (await peerBindAddress(connect, name)),
          memory: own,
          flowCount: flows,
        }),
      host: hostname(),
      besideCoordinator: isLocalAddress(connect),
      name,
      openEngine: open,
      log,
      signal,
      now: () => performance.now(),
    });
  } finally {
    if (engine !== undefined) onContact();
  }
}
