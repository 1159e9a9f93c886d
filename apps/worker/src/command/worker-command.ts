/** The command of a worker: `lstm-gan worker` and `lstm-gan-worker`. */
import { hostname } from 'node:os';
import {
  addCacheDir,
  addLog,
  addModel,
  addStoppedExitCode,
  cacheDirOf,
  invocationOf,
  positiveInteger,
  seconds,
  type CacheOptions,
} from '@lstm-gan/command-line';
import { preloadTensorFlow } from '@lstm-gan/engine/startup';
import { Option, type Command } from 'commander';
import { pinToProcessors } from './pin-to-processors.ts';
import type { RunWorkerOptions } from './run-worker.ts';
import { cpuList, flowCount, peerAddress } from './worker-option-values.ts';

interface WorkerCommandOptions extends CacheOptions, Omit<RunWorkerOptions, 'cacheDir'> {
  readonly cpus?: string;
}

/** Gives a command the options, the help and the action of a worker. */
export function defineWorkerCommand(command: Command): void {
  command
    .description('compute for a coordinator until its run is finished')
    .requiredOption('--connect <address>', "the coordinator's address, tcp://HOST:PORT")
    .option('--key-file <file>', 'the key file that the coordinator made for its workers (not needed for ipc://)')
    .option('--name <name>', 'a name that no other worker of the run has', `${hostname()}-${process.pid}`)
    .addOption(new Option('--device <kind>', 'what to compute on').choices(['cpu', 'gpu']).default('cpu'))
    .option(
      '--threads <count>',
      'number of threads to compute with; one worker for each core is faster',
      positiveInteger,
      1,
    )
    .option(
      '--cpus <list>',
      'run on these processors only, such as 0-3,8 (needs taskset; default: those that it was started on)',
      cpuList,
    )
    .option(
      '--patience <seconds>',
      'how long to wait for a key file that is not there yet, and to look for a coordinator that is gone',
      seconds,
      60,
    )
    .option(
      '--peer-address <host:port>',
      'where other workers reach this one in the sliced exchange (default: the address that leads to the coordinator, any free port)',
      peerAddress,
    )
    .option(
      '--flows <count>',
      'TCP connections for weights and gradients, each encrypted by a thread of its own (default: half of the processors, at most 4)',
      flowCount,
    )
    .addHelpText('after', () => examplesOf(invocationOf(command)));
  addModel(command, 'for a run that has such networks; the same file as the coordinator');
  addLog(addStoppedExitCode(command));
  addCacheDir(command).action(startWorkerProcess);
}

function examplesOf(invocation: string): string {
  return `
Examples:
  $ ${invocation} --connect tcp://10.0.0.1:5577 --key-file worker.key
  $ CUDA_VISIBLE_DEVICES=1 ${invocation} --connect tcp://10.0.0.1:5577 --key-file worker.key --device gpu

On SIGTERM or Ctrl-C it leaves politely: after the shards in work. SIGUSR1 and SIGUSR2 do the same.`;
}

async function startWorkerProcess({ cpus, ...options }: WorkerCommandOptions): Promise<void> {
  // Processors are set before any library starts threads, because a new thread inherits the processors.
  if (cpus !== undefined) pinToProcessors(cpus);
  const cacheDir = cacheDirOf(options);
  // The preload starts before the dynamic import, so that TensorFlow's library and the rest of the program load in
  // parallel.
  void preloadTensorFlow(cacheDir, options.device);
  const { runWorker } = await import('./run-worker.ts');
  await runWorker({ ...options, cacheDir });
}
