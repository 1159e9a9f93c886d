import { UserError } from '@lstm-gan/core/errors';
import { exitCodes } from './exit-codes.ts';
import { explainOutsideError } from './explain-outside-error.ts';

/**
 * Codes of the UserErrors with exit code 1: the command was valid, but its work failed. Any other UserError is a
 * mistake of the user, with exit code 2.
 */
const failures = [
  'not-finite',
  'bits-differ',
  'worker-failed',
  'workers-gone',
  'coordinator-gone',
  'out-of-memory',
  'lock-lost',
];

/** Prints an error on standard error and returns the exit code. */
export function answerError(thrown: unknown, verbose: boolean): number {
  const error = explainOutsideError(thrown);
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
