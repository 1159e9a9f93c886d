import { createProgram } from '@lstm-gan/command-line';
import { defineCoordinatorCommand, definePackCommand } from '@lstm-gan/coordinator/program';
import { defineWorkerCommand } from '@lstm-gan/worker/command';
import type { Command } from 'commander';
import { addBench } from './commands/bench.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfigSchema } from './commands/config-schema.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addInspect } from './commands/inspect.ts';
import { addKeys } from './commands/keys.ts';
import { addSample } from './commands/sample.ts';
import { addSetup } from './commands/setup.ts';
import { addTrain } from './commands/train.ts';
import { addEvaluationOptions, evaluationOf } from './evaluate/evaluation-options.ts';

/** Returns the program `lstm-gan` with all its commands. */
export function createWholeProgram(version: string): Command {
  const program = createProgram('lstm-gan', version).description(
    'Train GANs with an LSTM generator on any number of CPUs or GPUs.',
  );
  addTrain(program);
  addEvaluationOptions(defineCoordinatorCommand(program.command('coordinator'), evaluationOf));
  defineWorkerCommand(program.command('worker'));
  definePackCommand(program.command('pack'), 'npx lstm-gan train');
  addKeys(program);
  addSample(program);
  addEvaluate(program);
  addInspect(program);
  addBench(program);
  addConfigSchema(program);
  addDoctor(program);
  addSetup(program);
  addCompletion(program);
  return program;
}
