/** The program `lstm-gan-coordinator`: the same as `lstm-gan coordinator`. */
import { createRequire } from 'node:module';
import { createProgram, runCommandLine } from '@lstm-gan/command-line';
import { defineCoordinatorCommand } from './program/coordinator-command.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

await runCommandLine(process.argv.slice(2), () => {
  const program = createProgram('lstm-gan-coordinator', version);
  defineCoordinatorCommand(program);
  return program;
});
