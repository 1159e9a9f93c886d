/** The program `lstm-gan-worker`: the same as `lstm-gan worker`. */
import { createRequire } from 'node:module';
import { createProgram, runCommandLine } from '@lstm-gan/command-line';
import { defineWorkerCommand } from './command/worker-command.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

await runCommandLine(process.argv.slice(2), () => {
  const program = createProgram('lstm-gan-worker', version);
  defineWorkerCommand(program);
  return program;
});
