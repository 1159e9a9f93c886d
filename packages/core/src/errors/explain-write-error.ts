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
 * Explains why a write of `file` failed. If the error has a known system code (for example ENOSPC), returns a UserError
 * that names the reason. Returns any other error, and a UserError, unchanged.
 */
export function explainWriteError(file: string, error: unknown, advice: string): unknown {
  const { code, syscall } = error as { readonly code?: string; readonly syscall?: string };
  // On a read-only disk, Node's recursive mkdir reports ENOENT (seen in Node 20.20).
  const reason = reasons[code === 'ENOENT' && syscall === 'mkdir' ? 'EROFS' : (code ?? '')];
  if (reason === undefined || error instanceof UserError) return error;
  return new UserError({
    code: 'cannot-write',
    message: `${file} cannot be written: ${reason}.`,
    advice,
    cause: error,
  });
}
