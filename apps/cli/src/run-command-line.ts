import { UserError } from '@lstm-gan/core';
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { explainSystemError } from './explain-system-error.ts';
import { createProgram } from './program.ts';

/** Runs one command; every error becomes a sentence and an exit code. */
export async function runCommandLine(parameters: readonly string[], version: string): Promise<void> {
  try {
    await createProgram(version).parseAsync(parameters, { from: 'user' });
  } catch (error) {
    process.exitCode = answer(error, parameters.includes('--verbose'));
  }
}

/** Failures that no other parameters mend, or that may pass by themselves; every other UserError is the user's. */
const failures = ['not-finite', 'worker-failed', 'workers-gone', 'coordinator-gone', 'out-of-memory'];

function answer(thrown: unknown, verbose: boolean): number {
  // Commander has said what it has to say.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.success : exitCodes.userError;
  const error = explainSystemError(thrown);
  if (error instanceof UserError) {
    process.stderr.write(`${error.message}\n${error.advice}\n`);
    if (verbose) process.stderr.write(`code: ${error.code}\n${error.stack}\n`);
    return failures.includes(error.code) ? exitCodes.failure : exitCodes.userError;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(verbose ? `${stack}\n` : `${message}\nThis should not happen. Run it again with --verbose and report what it prints.\n`);
  return exitCodes.failure;
}
