import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';

/** Writes a file completely or not at all: writes a temporary file, fsync, rename, fsync of the folder. */
export async function writeAtomically(file: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const temporary = `${file}.partial`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    const folder = await open(path.dirname(file), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explainWriteError(file, error);
  }
}

/** The contents of a text file. Undefined if there is no such file. */
export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

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

/** The sentence for a disk that does not take a file; other errors come back as they are. */
export function explainWriteError(file: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Node makes parents too, and says ENOENT where the disk does not take them (20.20, read-only).
  const reason = reasons[code === 'ENOENT' && syscall === 'mkdir' ? 'EROFS' : (code ?? '')];
  if (reason === undefined || error instanceof UserError) return error;
  return new UserError({
    code: 'cannot-write',
    message: `${file} cannot be written: ${reason}.`,
    advice: 'Make room, or choose another folder with --out; what was written before is intact.',
    cause: error,
  });
}
