import path from 'node:path';
import { createRequire } from 'node:module';
import { UserError } from '@lstm-gan/core/errors';

const require = createRequire(import.meta.url);

/** Loads an addon that provisioning has compiled. Throws a UserError if the system refuses to load it. */
export function loadNative(file: string): unknown {
  try {
    return require(file) as unknown;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_DLOPEN_FAILED') throw cause;
    throw new UserError({
      code: 'cannot-load',
      message: `${file} cannot be loaded: ${message.split('\n')[0].replace(`${file}: `, '')}.`,
      advice: `If the disk is mounted with noexec, choose another cache with --cache-dir; otherwise remove ${path.dirname(file)}, and the next start compiles it again.`,
      cause,
    });
  }
}
