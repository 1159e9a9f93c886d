import type { Command } from 'commander';
import { createBareProgram } from './bare-program.ts';
import { addBench } from './commands/bench.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfigSchema } from './commands/config-schema.ts';
import { addCoordinator } from './commands/coordinator.ts';
import { addDoctor } from './commands/doctor.ts';
import { addInspect } from './commands/inspect.ts';
import { addKeys } from './commands/keys.ts';
import { addSample } from './commands/sample.ts';
import { addSetup } from './commands/setup.ts';
import { addTrain } from './commands/train.ts';
import { addWorker } from './commands/worker.ts';

/** The whole command line, as data. */
export function createProgram(version: string): Command {
  return createBareProgram(version, [
    addTrain,
    addCoordinator,
    addWorker,
    addKeys,
    addSample,
    addInspect,
    addBench,
    addConfigSchema,
    addDoctor,
    addSetup,
    addCompletion,
  ]);
}
