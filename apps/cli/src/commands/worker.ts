import { hostname } from 'node:os';
import { preloadTensorFlow } from '@lstm-gan/engine/startup';
import { Option, type Command } from 'commander';
import { cpuList, flowCount, peerAddress, seconds } from '../option-values.ts';
import { keepTo } from '../keep-to.ts';
import { addCacheDir, cacheDirOf, type CacheOptions } from './cache-dir-option.ts';

export interface WorkerCommandOptions extends CacheOptions {
  readonly connect: string;
  readonly keyFile?: string;
  readonly name: string;
  readonly device: 'cpu' | 'gpu';
  readonly patience: number;
  readonly cpus?: string;
  readonly peerAddress?: string;
  readonly flows?: number;
}

const examples = `
Examples:
  $ lstm-gan worker --connect tcp://10.0.0.1:5577 --key-file worker.key
  $ CUDA_VISIBLE_DEVICES=1 lstm-gan worker --connect tcp://10.0.0.1:5577 --key-file worker.key --device gpu

It leaves politely on SIGTERM or Ctrl-C, behind the shards in work.`;

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('compute for a coordinator until its run is finished')
    .requiredOption('--connect <address>', "the coordinator's address, tcp://HOST:PORT")
    .option('--key-file <file>', 'the key file that the coordinator made for its workers (not needed for ipc://)')
    .option('--name <name>', 'a name that no other worker of the run has', `${hostname()}-${process.pid}`)
    .addOption(new Option('--device <kind>', 'what to compute on').choices(['cpu', 'gpu']).default('cpu'))
    .option(
      '--cpus <list>',
      'processors to keep to, such as 0-3,8 (needs taskset; default: those that it was started on)',
      cpuList,
    )
    .option('--patience <seconds>', 'how long to try again when the coordinator is gone', seconds, 60)
    .option(
      '--peer-address <host:port>',
      'where other workers reach this one in the sliced exchange (default: the address that leads to the coordinator, any free port)',
      peerAddress,
    )
    .option(
      '--flows <count>',
      'TCP connections that weights and gradients travel over, each encrypted by a thread of its own (default: half of the processors, at most 4)',
      flowCount,
    )
    .addHelpText('after', examples);
  addCacheDir(command).action(async (options: WorkerCommandOptions) => {
    // First: threads that come later keep to them too.
    if (options.cpus !== undefined) keepTo(options.cpus);
    // Everything else is loaded while the library is.
    void preloadTensorFlow(cacheDirOf(options), options.device);
    const { work } = await import('../work.ts');
    await work(options);
  });
}
