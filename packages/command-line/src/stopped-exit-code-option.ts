import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseExitCode } from '../stopped-exit-code.js';

/** What a command that has `--stopped-exit-code` was given. */
export interface StoppedExitCodeOptions {
  readonly stoppedExitCode?: number;
}

/** Adds `--stopped-exit-code`, the option of every command that works for a run until the run is over. */
export function addStoppedExitCode(command: Command): Command {
  return command.addOption(
    new Option(
      '--stopped-exit-code <code>',
      'exit code if a signal stops it before the run is over (default: 75 under Slurm, Kubernetes and SkyPilot, otherwise 0)',
    ).argParser(exitCode),
  );
}

/** Reads a whole number from 0 to 125. */
function exitCode(text: string): number {
  const code = parseExitCode(text);
  if (code !== undefined) return code;
  throw new InvalidArgumentError(`Expected an exit code, a whole number from 0 to 125, got ${text}.`);
}
