import { UserError } from '@lstm-gan/core';
import { exitCodes } from './exit-codes.ts';
import { explainSystemError } from './explain-system-error.ts';

/** Failures that no other parameters mend, or that may pass by themselves; every other UserError is the user's. */
const failures = ['not-finite', 'bits-differ', 'worker-failed', 'workers-gone', 'coordinator-gone', 'out-of-memory'];

/** Says what went wrong, and gives the exit code. */
export function answerError(thrown: unknown, verbose: boolean): number {
  const error = explainSystemError(thrown);
  if (error instanceof UserError) {
    process.stderr.write(`${error.message}\n${error.advice}\n`);
    if (verbose) process.stderr.write(`code: ${error.code}\n${error.stack}\n`);
    return failures.includes(error.code) ? exitCodes.failure : exitCodes.userError;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(
    verbose
      ? `${stack}\n`
      : `${message}\nThis should not happen. Run it again with --verbose and report what it prints.\n`,
  );
  return exitCodes.failure;
}
