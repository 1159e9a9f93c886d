/** Worker processes on this machine, each pinned to its device: this very command, started again as `worker`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import path from 'node:path';
import { findGpus } from '../devices.ts';
import { lastWords } from './last-words.ts';

export interface LocalWorkersOptions {
  readonly count: number;
  readonly address: string;
  readonly device: 'cpu' | 'gpu';
  readonly cacheDir: string;
  /** The processors that each worker keeps to; undefined lets the system choose. */
  readonly processors: readonly (readonly number[])[] | undefined;
  /** Where each worker's output goes. */
  readonly logFolder: string;
  /** Called when a worker ends, with a sentence that says how, and what it said last; `left` workers are still running. */
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
    const { child, log, logStart } = spawnWorker(index, options);
    running.add(child);
    const ended = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        // Who is killed cannot say why.
        const words = signal === 'SIGKILL' ? undefined : lastWords(log, logStart);
        options.onExit(
          `worker-${index + 1} ended with ${describeEnd(code, signal)}${words === undefined ? '.' : `: ${words}`}`,
          running.size,
        );
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

interface Spawned {
  readonly child: ChildProcess;
  /** Where its output goes, and from which byte on: earlier workers wrote there too. */
  readonly log: string;
  readonly logStart: number;
}

function spawnWorker(
  index: number,
  { address, device, cacheDir, logFolder, processors }: LocalWorkersOptions,
): Spawned {
  const name = `worker-${index + 1}`;
  const log = path.join(logFolder, `${name}.log`);
  const output = openSync(log, 'a');
  const logStart = fstatSync(output).size;
  const gpus = findGpus();
  const gpu = device === 'gpu' ? { CUDA_VISIBLE_DEVICES: gpus[index % gpus.length] } : {};
  const parameters = ['worker', '--connect', address, '--name', name, '--device', device, '--cache-dir', cacheDir];
  // A process group of its own: Ctrl-C is the coordinator's to answer. A worker whose coordinator dies ends by itself.
  const [program, ...before] = [...pinned(processors?.[index]), process.execPath];
  const child = spawn(program, [...before, ...process.execArgv, process.argv[1], ...parameters], {
    stdio: ['ignore', output, output],
    detached: true,
    env: { ...process.env, ...gpu },
  });
  closeSync(output);
  return { child, log, logStart };
}

/** Before the program starts, so that every thread of it keeps to them, and memory is taken near them. */
const pinned = (processors: readonly number[] | undefined): string[] =>
  processors === undefined ? [] : ['taskset', '--cpu-list', processors.join(',')];

/** Of these ends nearly all are for lack of memory: TensorFlow's kernels crash where they get none. */
const memoryEnds: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'SIGKILL, as the system ends processes when memory runs out',
  SIGABRT:
    'SIGABRT, as TensorFlow ends when there is too little memory (a smaller --shard-size or fewer --workers need less)',
  SIGSEGV:
    'SIGSEGV, as TensorFlow may end when there is too little memory (a smaller --shard-size or fewer --workers need less)',
  SIGTRAP: 'SIGTRAP, as V8 ends when there is too little memory (a smaller --shard-size or fewer --workers need less)',
};

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `code ${code}` : (memoryEnds[signal] ?? signal);
}
