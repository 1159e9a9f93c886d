/** Worker processes on this machine, each pinned to its device: this very command, started again as `worker`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import path from 'node:path';

export interface LocalWorkersOptions {
  readonly count: number;
  readonly address: string;
  readonly device: 'cpu' | 'gpu';
  readonly cacheDir: string;
  /** Where each worker's output goes. */
  readonly logFolder: string;
  /** Called when a worker ends, with a sentence that says how; `left` workers are still running. */
  readonly onExit: (sentence: string, left: number) => void;
}

export interface LocalWorkers {
  readonly processIds: readonly number[];
  /** Resolves when all have ended; those that have not after a while are killed. */
  stopped(): Promise<void>;
}

const patienceMs = 5000;

export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const running = new Set<ChildProcess>();
  const children = Array.from({ length: options.count }, (_, index) => {
    const child = spawnWorker(index, options);
    running.add(child);
    const ended = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        options.onExit(`worker-${index + 1} ended with ${describeEnd(code, signal)}.`, running.size);
        resolve();
      });
    });
    return { child, ended };
  });
  return {
    processIds: children.map(({ child }) => child.pid ?? 0),
    async stopped() {
      const killer = setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), patienceMs);
      await Promise.all(children.map(({ ended }) => ended));
      clearTimeout(killer);
    },
  };
}

function spawnWorker(index: number, { address, device, cacheDir, logFolder }: LocalWorkersOptions): ChildProcess {
  const name = `worker-${index + 1}`;
  const output = openSync(path.join(logFolder, `${name}.log`), 'a');
  const gpu = device === 'gpu' ? { CUDA_VISIBLE_DEVICES: String(index), TF_FORCE_GPU_ALLOW_GROWTH: 'true' } : {};
  const parameters = ['worker', '--connect', address, '--name', name, '--device', device, '--cache-dir', cacheDir];
  // A process group of its own: Ctrl-C is the coordinator's to answer. A worker whose coordinator dies ends by itself.
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...parameters], {
    stdio: ['ignore', output, output],
    detached: true,
    env: { ...process.env, ...gpu },
  });
  closeSync(output);
  return child;
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === 'SIGKILL' ? 'SIGKILL, as the system ends processes when memory runs out' : (signal ?? `code ${code}`);
}
