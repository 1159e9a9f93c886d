/** Starts worker processes on this machine. Each worker gets a GPU or, with `pin`, CPU cores of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import path from 'node:path';
import { explainWriteError, reasonOf } from '@lstm-gan/system';
import { divideCores } from './divide-cores.ts';
import { lastLogSentences } from './last-log-sentences.ts';
import { hasTaskset, readProcessors } from './read-processors.ts';

/** How many workers to start, and what each of them computes on. */
export interface LocalWorkersOptions {
  /** The program that runs as a worker, and its first parameters. The options of the worker are added after them. */
  readonly command: readonly string[];
  readonly count: number;
  /** The coordinator's address. */
  readonly address: string;
  readonly device: 'cpu' | 'gpu';
  /** Names of the GPUs, as CUDA_VISIBLE_DEVICES has them; needed for device `gpu`. */
  readonly gpus: readonly string[];
  /** The number of threads that each worker computes with. */
  readonly threads: number;
  /** Whether each worker gets cores of its own, if there are enough and this machine has taskset. */
  readonly pin: boolean;
  readonly cacheDir: string;
  /** The file of networks of the user's own, if the run has one. */
  readonly modelFile?: string;
  /** The folder for the workers' output: a file `worker-N.log` for each worker. */
  readonly logFolder: string;
  /**
   * Called when a worker has ended.
   * @param sentence how the worker ended, and the last sentences in its output
   * @param left how many workers are still running
   */
  readonly onExit: (sentence: string, left: number) => void;
}

/** Workers that were started on this machine. */
export interface LocalWorkers {
  readonly processIds: readonly number[];
  /** The processors of each worker; undefined if the system chooses them. */
  readonly processors: readonly (readonly number[])[] | undefined;
  /** Asks the workers that still run to end, with SIGTERM. */
  end(): void;
  /** Resolves when all workers have ended. Kills the workers that still run after five seconds. */
  stopped(): Promise<void>;
}

const killAfterMs = 5000;

/**
 * Starts workers as processes that outlive a terminal's Ctrl-C. Returns at once. Throws a UserError if the file for
 * the output of a worker cannot be opened.
 */
export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const processors = chooseProcessors(options);
  const running = new Set<ChildProcess>();
  // All logs are opened before the first worker is started: if one cannot be opened, no worker runs.
  const outputs = Array.from({ length: options.count }, (_, index) => openOutput(options.logFolder, nameOf(index)));
  const children = outputs.map((output, index) => {
    const child = spawnWorker(index, output.descriptor, processors?.[index], options);
    running.add(child);
    const ended = new Promise<void>((resolve) => {
      const end = (sentence: string): void => {
        running.delete(child);
        options.onExit(sentence, running.size);
        resolve();
      };
      child.once('error', (error) => {
        // A process without an ID was not started.
        if (child.pid === undefined) end(`${nameOf(index)} could not be started: ${reasonOf(error)}.`);
      });
      child.once('close', (code, signal) => {
        if (child.pid === undefined) return;
        // A killed process could not write why it ended.
        const reason = signal === 'SIGKILL' ? undefined : lastLogSentences(output.file, output.start);
        const how = `${nameOf(index)} ended with ${describeEnd(code, signal)}`;
        end(reason === undefined ? `${how}.` : `${how}: ${reason}`);
      });
    });
    return { child, ended };
  });
  return {
    processIds: children.flatMap(({ child }) => child.pid ?? []),
    processors,
    end: () => running.forEach((child) => child.kill('SIGTERM')),
    async stopped() {
      const killer = setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), killAfterMs);
      await Promise.all(children.map(({ ended }) => ended));
      clearTimeout(killer);
    },
  };
}

function chooseProcessors({ pin, device, count, threads }: LocalWorkersOptions): number[][] | undefined {
  if (!pin || device !== 'cpu' || count === 1 || !hasTaskset(process.env)) return undefined;
  return divideCores(readProcessors(), count, threads);
}

const nameOf = (index: number): string => `worker-${index + 1}`;

/** The file of a worker's output. */
interface Output {
  readonly file: string;
  readonly descriptor: number;
  /** The byte of the file at which the output of this worker begins: earlier workers wrote to the same file. */
  readonly start: number;
}

function openOutput(folder: string, name: string): Output {
  const file = path.join(folder, `${name}.log`);
  try {
    const descriptor = openSync(file, 'a');
    return { file, descriptor, start: fstatSync(descriptor).size };
  } catch (error) {
    throw explainWriteError(file, error, 'Choose another folder with --out.');
  }
}

function spawnWorker(
  index: number,
  output: number,
  processors: readonly number[] | undefined,
  { command, address, device, gpus, threads, cacheDir, modelFile }: LocalWorkersOptions,
): ChildProcess {
  const gpu = device === 'gpu' ? { CUDA_VISIBLE_DEVICES: gpus[index % gpus.length] } : {};
  const parameters = [
    '--connect',
    address,
    '--name',
    nameOf(index),
    '--device',
    device,
    '--threads',
    `${threads}`,
    '--cache-dir',
    cacheDir,
    '--log',
    'json',
    ...(modelFile === undefined ? [] : ['--model', modelFile]),
  ];
  const [program, ...before] = [...pinned(processors), ...command];
  const child = spawn(program, [...before, ...parameters], {
    stdio: ['ignore', output, output],
    // The worker gets a process group of its own, so that a terminal's Ctrl-C reaches only the coordinator. The
    // coordinator then ends the workers. If the coordinator dies, its workers notice that and end by themselves.
    detached: true,
    env: { ...process.env, ...gpu },
  });
  closeSync(output);
  return child;
}

/**
 * The beginning of a command that runs on some processors only. Because taskset starts the program, all of its threads
 * run there, and its memory is allocated near these processors.
 */
function pinned(processors: readonly number[] | undefined): string[] {
  return processors === undefined ? [] : ['taskset', '--cpu-list', processors.join(',')];
}

/**
 * Signals that nearly always mean a lack of memory: the system kills a process, or TensorFlow or V8 crashes after a
 * failed allocation.
 */
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
