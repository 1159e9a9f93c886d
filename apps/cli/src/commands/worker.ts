import { performance } from 'node:perf_hooks';
import { openEngine, type Engine } from '@lstm-gan/engine';
import { createLog } from '@lstm-gan/run';
import { createWorkerLink, readKeyFile } from '@lstm-gan/transport';
import { startWorker } from '@lstm-gan/worker';
import { Option, type Command } from 'commander';
import { addCacheDir, cacheDirOf, type CacheOptions } from './cache-dir-option.ts';

interface WorkerCommandOptions extends CacheOptions {
  readonly connect: string;
  readonly keyFile?: string;
  readonly name: string;
  readonly device: 'cpu' | 'gpu';
}

const examples = `
Examples:
  $ lstm-gan worker --connect tcp://10.0.0.1:4321 --key-file worker-1.key --name worker-1
  $ CUDA_VISIBLE_DEVICES=1 lstm-gan worker --connect tcp://10.0.0.1:4321 --key-file worker-2.key --name worker-2 --device gpu`;

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('compute for a coordinator until its run is finished')
    .requiredOption('--connect <address>', "the coordinator's address, tcp://HOST:PORT")
    .option('--key-file <file>', 'the keys that the coordinator made for this worker (not needed for ipc://)')
    .requiredOption('--name <name>', 'a name that no other worker of the run has')
    .addOption(new Option('--device <kind>', 'what to compute on').choices(['cpu', 'gpu']).default('cpu'))
    .addHelpText('after', examples);
  addCacheDir(command).action(work);
}

async function work(options: WorkerCommandOptions): Promise<void> {
  const { connect, keyFile, name, device } = options;
  const keys = keyFile === undefined ? undefined : await readKeyFile(keyFile);
  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
  // Weights come when the engine is there.
  let engine: Engine | undefined;
  const memory = {
    allocate: (length: number) => engine?.arithmetic.allocate(length) ?? new Float32Array(length),
    release: (array: Float32Array | Uint8Array) => engine?.arithmetic.release(array),
  };
  await startWorker({
    link: createWorkerLink({ connect, keys, memory }),
    name,
    openEngine: async ({ engine: engineName, threads }) => {
      engine = await openEngine(engineName, { threads, device, cacheDir: cacheDirOf(options) });
      return engine;
    },
    log: createLog(process.stderr.fd),
    signal: leaving.signal,
    now: () => performance.now(),
  });
}
