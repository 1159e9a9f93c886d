import { UserError } from './user-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a file is where a folder should be',
  ENOENT: 'its folder is gone',
};

/**
 * A UserError for a file that the disk does not take, with the reason that the system's error code stands for. Returns
 * errors without such a code, and UserErrors, unchanged.
 */
export function explainWriteError(file: string, error: unknown, advice: string): unknown {
  const { code, syscall } = error as { readonly code?: string; readonly syscall?: string };
  // If a disk is read-only, Node's recursive mkdir says ENOENT (20.20).
  const reason = reasons[code === 'ENOENT' && syscall === 'mkdir' ? 'EROFS' : (code ?? '')];
  if (reason === undefined || error instanceof UserError) return error;
  return new UserError({
    code: 'cannot-write',
    message: `${file} cannot be written: ${reason}.`,
    advice,
    cause: error,
  });
}
