import { explainWriteError as explain } from '@lstm-gan/core/errors';

/** A UserError for a file of the cache that the disk does not take. Other errors are returned unchanged. */
export function explainWriteError(file: string, error: unknown): unknown {
  return explain(file, error, 'Make room, or choose another cache with --cache-dir.');
}
