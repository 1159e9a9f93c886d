import { explainWriteError as explain } from '@lstm-gan/core/errors';

/** Turns the error of a failed write of a cache file into a UserError. Returns any other error unchanged. */
export function explainWriteError(file: string, error: unknown): unknown {
  return explain(file, error, 'Make room, or choose another cache with --cache-dir.');
}
