/** The program `lstm-gan-worker`: the same as `lstm-gan worker`. */
import { createRequire } from 'node:module';
import { createProgram, earlyStoppedExitCode, runCommandLine } from '@lstm-gan/command-line';
import type { Command } from 'commander';
import { defineWorkerCommand } from './command/worker-command.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

function loadProgram(): Command {
  const program = createProgram('lstm-gan-worker', version);
  defineWorkerCommand(program);
  return program;
}

const parameters = process.argv.slice(2);
// A worker that has no work yet leaves at once, in good order.
await runCommandLine(parameters, loadProgram, earlyStoppedExitCode(parameters, process.env));
