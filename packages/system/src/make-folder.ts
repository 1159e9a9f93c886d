import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder, and the folders that it is in, if they are missing. In contrast to Node's recursive `mkdir`, it ends
 * where a file system has no folders of users (Node 20.20 tries for ever to make /proc/x), and it throws the error of
 * the folder that could not be made (Node reports ENOENT for a read-only disk).
 * @param mode the mode of the folder itself, if it is made
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await mkdir(folder, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (await isFolder(folder)) return;
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || (await isFolder(parent))) throw error;
    await makeFolder(parent);
    await makeFolder(folder, mode);
  }
}

function isFolder(place: string): Promise<boolean> {
  return stat(place).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
