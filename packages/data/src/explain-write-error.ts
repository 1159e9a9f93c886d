import { UserError } from '@lstm-gan/core/errors';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a file is where a folder should be',
};

/** The sentence for a cache that does not take a file; other errors come back as they are. */
export function explainWriteError(file: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Node makes parents too, and says ENOENT where the disk does not take them (20.20, read-only).
  const reason = reasons[code === 'ENOENT' && syscall === 'mkdir' ? 'EROFS' : (code ?? '')];
  if (reason === undefined || error instanceof UserError) return error;
  return new UserError({
    code: 'cannot-write',
    message: `${file} cannot be written: ${reason}.`,
    advice: 'Make room, or choose another cache with --cache-dir.',
    cause: error,
  });
}
