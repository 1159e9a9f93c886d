import { UserError } from '@lstm-gan/core/errors';
import { printable } from '@lstm-gan/run';
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
  'name-server-silent',
  'out-of-memory',
  'lock-lost',
];

/** Text of several lines without other control characters: an error may quote a file, or a message of another machine. */
const lines = (text: string): string => text.split('\n').map(printable).join('\n');

/** Prints an error on standard error and returns the exit code. */
export function answerError(thrown: unknown, verbose: boolean): number {
  const error = explainOutsideError(thrown);
  if (error instanceof UserError) {
    process.stderr.write(`${lines(error.message)}\n${lines(error.advice)}\n`);
    if (verbose) process.stderr.write(`code: ${error.code}\n${error.stack}\n`);
    return failures.includes(error.code) ? exitCodes.failure : exitCodes.userError;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(
    verbose
      ? `${stack}\n`
      : `${lines(message)}\nThis should not happen. Run it again with --verbose and report what it prints.\n`,
  );
  return exitCodes.failure;
}
