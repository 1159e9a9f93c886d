/** The program `lstm-gan-worker`: the same as `lstm-gan worker`. */
import { createRequire } from 'node:module';
import { createProgram, exitCodes, runCommandLine } from '@lstm-gan/command-line';
import type { Command } from 'commander';
import { defineWorkerCommand } from './command/worker-command.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

function loadProgram(): Command {
  const program = createProgram('lstm-gan-worker', version);
  defineWorkerCommand(program);
  return program;
}

// A worker that has no work yet leaves at once, and that is a success.
await runCommandLine(process.argv.slice(2), loadProgram, exitCodes.success);
