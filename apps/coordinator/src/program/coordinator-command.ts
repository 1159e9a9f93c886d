/** The command of a coordinator: `lstm-gan coordinator` and `lstm-gan-coordinator`. */
import { addCacheDir, invocationOf } from '@lstm-gan/command-line';
import { shellWord } from '@lstm-gan/run';
import type { Command } from 'commander';
import type { EvaluationPlan } from '../evaluate/evaluator.ts';
import { joiningWorkers } from '../workers/joining-workers.ts';
import { addRunOptions, runOptionsHelp, type RunOptions } from './run-options.ts';
import { runTraining } from './run-training.ts';

interface CoordinatorCommandOptions extends RunOptions {
  readonly bind: string;
}

/**
 * Gives a command the options, the help and the action of a coordinator. Returns the command.
 * @param evaluationOf plans what is evaluated while a run trains, in a program that can evaluate samples
 */
export function defineCoordinatorCommand(
  command: Command,
  evaluationOf?: (options: RunOptions) => Promise<EvaluationPlan | undefined>,
): Command {
  addRunOptions(command.description('train a GAN with workers on other machines, which join by themselves'))
    .option('--bind <host:port>', 'where to listen; 0.0.0.0 for every network of this machine', '127.0.0.1:5577')
    .addHelpText('after', () => examplesOf(invocationOf(command)));
  return addCacheDir(command).action(async (options: CoordinatorCommandOptions) => {
    const evaluation = await evaluationOf?.(options);
    return runTraining(options, {
      command: `coordinator --bind ${shellWord(options.bind)}`,
      gatherWorkers: joiningWorkers(options.bind, options.exchange),
      ...(evaluation && { evaluation }),
      describeWorkers: (shardCount) => `those that join at ${options.bind}, up to ${shardCount}`,
    });
  });
}

function examplesOf(invocation: string): string {
  return `
Examples:
  $ ${invocation} --preset rows --data ~/photos --batch-size 128 --bind 0.0.0.0:5577   # 8 shards: up to 8 workers
  $ ${invocation} --resume runs/rows --bind 0.0.0.0:5577   # the same workers find it again

It prints the command that starts a worker, and the path of the key file that a worker needs. Workers need no access to
the data. They may join and leave at any time; this does not change the weights.
${runOptionsHelp}`;
}
