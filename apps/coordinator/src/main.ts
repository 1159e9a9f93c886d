/** The program `lstm-gan-coordinator`: the same as `lstm-gan coordinator`; with `pack`, the same as `lstm-gan pack`. */
import { createRequire } from 'node:module';
import { createProgram, runCommandLine } from '@lstm-gan/command-line';
import type { Command } from 'commander';
import { defineCoordinatorCommand } from './program/coordinator-command.ts';
import { definePackCommand } from './program/pack-command.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const name = 'lstm-gan-coordinator';
const parameters = process.argv.slice(2);

/**
 * Returns the program that the parameters call. The two commands are never in one program: commander would give the
 * options of `pack` to the coordinator, which has options of the same names.
 */
function loadProgram(): Command {
  const program = createProgram(name, version);
  if (parameters[0] === 'pack') definePackCommand(program.command('pack'), `npx ${name}`);
  else
    defineCoordinatorCommand(program).addHelpText(
      'after',
      `\n${name} pack packs the images of a run into the cache (${name} pack --help).`,
    );
  return program;
}

await runCommandLine(parameters, loadProgram);
