import { UserError } from '@lstm-gan/core/errors';

/** The error for an engine that is used, or a unit that is run, after the engine's `close`. */
export function closedError(what: string): UserError {
  return new UserError({
    code: 'engine-closed',
    message: `${what} was used after its engine had been closed.`,
    advice: 'Close an engine only when all work is done, or open another one.',
  });
}
