import { performance } from 'node:perf_hooks';
import { addCacheDir, cacheDirOf, positiveInteger } from '@lstm-gan/command-line';
import { chooseDevice, findGpus, type DeviceChoice } from '@lstm-gan/command-line/devices';
import { provisionWithProgress } from '@lstm-gan/command-line/terminal';
import {
  addRunOptions,
  describeLocalWorkers,
  localWorkers,
  runOptionsHelp,
  runTraining,
  type RunOptions,
} from '@lstm-gan/coordinator/program';
import { Option, type Command } from 'commander';
import { addEvaluationOptions, evaluationOf, type EvaluationOptions } from '../evaluate/evaluation-options.ts';
import { workerCommand } from '../worker-command.ts';

interface TrainOptions extends RunOptions, EvaluationOptions {
  readonly workers?: number;
  readonly device: DeviceChoice;
  readonly threads?: number;
  readonly pin: boolean;
}

const examples = `
Examples:
  $ lstm-gan train                                         # digits, local workers
  $ lstm-gan train --preset article --data emoji --out runs/article
  $ lstm-gan train --data ~/photos --flip                  # a folder of your own images
  $ lstm-gan train --workers 4 --batch-size 128 --seed 7
  $ lstm-gan train --preset rows --print-config > my.yaml  # every field, explained
  $ lstm-gan train --preset rows --data ~/photos --dry-run # what would be trained, and for how long
  $ lstm-gan train --config my.yaml --set discriminatorSteps=2
  $ lstm-gan train --resume runs/digits --steps 5000       # continue; --resume alone takes the newest run
  $ lstm-gan train --metrics fd2k,coverage --evaluate-every 20k --stop-when 'fd2k<10'
  $ lstm-gan train --images 320k --stop-when 'losses.generator<0.7' --stop-patience 50
${runOptionsHelp}`;

export function addTrain(program: Command): void {
  const command = addRunOptions(program.command('train').description('train a GAN with workers on this machine'))
    .option(
      '--workers <count>',
      'worker processes (default: 2, or one for each GPU; at most one for each shard of a batch)',
      positiveInteger,
    )
    .option('--threads <count>', 'threads of each worker (default: 1)', positiveInteger)
    .addOption(new Option('--device <kind>', 'what workers compute on').choices(['auto', 'cpu', 'gpu']).default('auto'))
    .option(
      '--no-pin',
      'let workers move between cores; by default each worker has cores of its own, if there are enough (needs taskset)',
    )
    .addHelpText('after', examples);
  addCacheDir(addEvaluationOptions(command)).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const cacheDir = cacheDirOf(options);
  const gpus = findGpus();
  const device = chooseDevice(options.device, gpus.length);
  if (device === 'gpu' && options.printConfig !== true && options.dryRun !== true) {
    await provisionWithProgress(cacheDir, 'gpu', () => performance.now());
  }
  const { workers, threads, pin, exchange } = options;
  const evaluation = await evaluationOf(options);
  const choice = { workerCommand, workers, threads, device, gpus, cacheDir, pin, exchange };
  await runTraining(options, {
    // With the eager engine and in bfloat16, a run continues only with the threads that it began with.
    command: threads === undefined ? 'train' : `train --threads ${threads}`,
    gatherWorkers: localWorkers(choice),
    ...(evaluation && { evaluation }),
    describeWorkers: (shardCount) => describeLocalWorkers(choice, shardCount),
  });
}
