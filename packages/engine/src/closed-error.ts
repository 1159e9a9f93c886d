import { UserError } from '@lstm-gan/core';

/** The error of a unit that is run, or an engine that is used, after `close`. */
export function closedError(what: string): UserError {
  return new UserError({
    code: 'engine-closed',
    message: `${what} was used after its engine had been closed.`,
    advice: 'Close an engine only when all work is done, or open another one.',
  });
}
