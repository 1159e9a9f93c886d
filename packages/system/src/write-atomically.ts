import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { createTemporary } from './temporary/temporaries.ts';

/** The parts of a file, or a function that writes them. */
export type FileContent = readonly (Uint8Array | string)[] | ((handle: FileHandle) => Promise<void>);

/**
 * Writes a file completely or not at all: writes a temporary file in the same folder, fsync, rename, fsync of the
 * folder.
 * @param confirm called when the temporary file is complete; if it throws, the file stays as it was
 */
export async function writeAtomically(file: string, content: FileContent, confirm?: () => void): Promise<void> {
  const folder = path.dirname(file);
  const temporary = createTemporary(folder);
  try {
    const handle = await open(temporary.path, 'wx');
    try {
      if (typeof content === 'function') await content(handle);
      else for (const part of content) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    confirm?.();
    await rename(temporary.path, file).catch((error: unknown) => {
      // The temporary file is gone if a process that has taken a lock over removed it.
      confirm?.();
      throw error;
    });
    const parent = await open(folder, 'r');
    await parent.sync().finally(() => parent.close());
  } finally {
    temporary.remove();
  }
}

/** Does the same at once, for a short text. */
export function writeAtomicallySync(file: string, text: string, confirm?: () => void): void {
  const temporary = createTemporary(path.dirname(file));
  try {
    writeFileSync(temporary.path, text, { flag: 'wx', flush: true });
    confirm?.();
    renameSync(temporary.path, file);
    const parent = openSync(path.dirname(file), 'r');
    fsyncSync(parent);
    closeSync(parent);
  } finally {
    temporary.remove();
  }
}
