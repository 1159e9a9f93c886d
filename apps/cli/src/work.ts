/** The command `worker`, behind its options. */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@lstm-gan/core';
import { openEngine, type Engine } from '@lstm-gan/engine';
import { createLog, createTerminalLog, type Logger, type RunConfig } from '@lstm-gan/run';
import {
  createPeerLink,
  createWorkerLink,
  isLocalAddress,
  peerBind,
  readKeyFile,
  type WorkerKeys,
} from '@lstm-gan/transport';
import { startWorker } from '@lstm-gan/worker';
import { cacheDirOf } from './commands/cache-dir-option.ts';
import type { WorkerCommandOptions } from './commands/worker.ts';
import { chooseDevice, findGpus } from './devices.ts';

const retryMs = 1000;

/** Works for a coordinator; when it is gone, tries again for a while. */
export async function work(options: WorkerCommandOptions): Promise<void> {
  const { connect, keyFile, patience, device } = options;
  chooseDevice(device, findGpus().length);
  const keys = keyFile === undefined ? undefined : await readKeyFile(keyFile);
  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
  // JSON where a file keeps it, as of the workers that train starts.
  const log = process.stderr.isTTY
    ? createTerminalLog((await import('./readable-log.ts')).readableLog(process.stderr))
    : createLog(process.stderr.fd);
  // A coordinator on this machine that is gone does not come back at the same socket.
  const patienceMs = isLocalAddress(connect) ? 0 : 1000 * patience;
  let lastContactMs = performance.now();
  for (;;) {
    try {
      return await workOnce(options, keys, log, leaving.signal, () => (lastContactMs = performance.now()));
    } catch (error) {
      const leftMs = lastContactMs + patienceMs - performance.now();
      if (leaving.signal.aborted || !isPassing(error) || leftMs <= 0) throw error;
      log.warn(`${error.message} Trying again for ${Math.ceil(leftMs / 1000)} s.`);
      await delay(retryMs);
      if (leaving.signal.aborted) return;
    }
  }
}

/** Whether it is worth trying again: nobody answers, or the coordinator has not noticed yet that we were gone. */
function isPassing(error: unknown): error is UserError {
  return error instanceof UserError && ['coordinator-gone', 'rejected-name-taken'].includes(error.code);
}

async function workOnce(
  options: WorkerCommandOptions,
  keys: WorkerKeys | undefined,
  log: Logger,
  signal: AbortSignal,
  onContact: () => void,
): Promise<void> {
  const { connect, name, device } = options;
  // Weights come when the engine is there.
  let engine: Engine | undefined;
  const own = {
    allocate: (length: number) => engine?.arithmetic.allocate(length) ?? new Float32Array(length),
    release: (array: Float32Array | Uint8Array) => engine?.arithmetic.release(array),
  };
  const memory = { ...own, sharing: () => engine?.arithmetic.sharing?.() };
  const open = async ({ engine: engineName, threads, precision }: RunConfig): Promise<Engine> => {
    engine = await openEngine(engineName, { threads, device, precision, cacheDir: cacheDirOf(options) });
    return engine;
  };
  try {
    await startWorker({
      link: createWorkerLink({ connect, keys, memory, flowCount: options.flows }),
      openPeers: async () =>
        createPeerLink({
          bind: options.peerAddress ?? (await peerBind(connect, name)),
          memory: own,
          flowCount: options.flows,
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
