import { Command } from 'commander';
import { addBench } from './commands/bench.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfigSchema } from './commands/config-schema.ts';
import { addCoordinator } from './commands/coordinator.ts';
import { addDoctor } from './commands/doctor.ts';
import { addInspect } from './commands/inspect.ts';
import { addSample } from './commands/sample.ts';
import { addSetup } from './commands/setup.ts';
import { addTrain } from './commands/train.ts';
import { addWorker } from './commands/worker.ts';

/** The whole command line, as data: nothing runs until it is given arguments. */
export function createProgram(version: string): Command {
  const program = new Command('lstm-gan')
    .description('Train GANs with an LSTM generator on any number of CPUs or GPUs.')
    .version(version)
    .option('--verbose', 'show error codes and stack traces')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 failure, 2 something to be mended in what was asked for, 130 interrupted twice.');
  for (const add of [addTrain, addCoordinator, addWorker, addSample, addInspect, addBench, addConfigSchema, addDoctor, addSetup, addCompletion]) add(program);
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError();
  return program;
}
