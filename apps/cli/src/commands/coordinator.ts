import { addCacheDir } from '@lstm-gan/command-line';
import type { Command } from 'commander';
import { joiningCrew } from '../train/crew.ts';
import { addRunOptions, choices, runTraining, type RunOptions } from './run-training.ts';

interface CoordinatorOptions extends RunOptions {
  readonly bind: string;
}

const examples = `
Examples:
  $ lstm-gan coordinator --preset rows --data ~/photos --batch-size 128 --bind 0.0.0.0:5577   # 8 shards: up to 8 workers
  $ lstm-gan coordinator --resume runs/rows --bind 0.0.0.0:5577   # the same workers find it again

It prints the command that starts a worker, and where the key file lies that a worker needs. Workers need no access to
the data; they may come and go at any time, and do not change the weights.
${choices}`;

export function addCoordinator(program: Command): void {
  const command = addRunOptions(
    program.command('coordinator').description('train a GAN with workers on other machines, which join by themselves'),
  )
    .option('--bind <host:port>', 'where to listen; 0.0.0.0 for every network of this machine', '127.0.0.1:5577')
    .addHelpText('after', examples);
  addCacheDir(command).action((options: CoordinatorOptions) =>
    runTraining(options, joiningCrew(options.bind, options.exchange)),
  );
}
