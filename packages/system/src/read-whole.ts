import { readFile, stat } from 'node:fs/promises';
import { reasonOf } from './explain-system-error.ts';

/**
 * Reads a whole file or pipe. A device is refused, because it may never end (/dev/zero).
 * @param refuse makes the error that is thrown if the file cannot be read
 */
export async function readWhole(file: string, refuse: (reason: string, cause?: unknown) => Error): Promise<Buffer> {
  let isDevice: boolean;
  try {
    const entry = await stat(file);
    isDevice = entry.isCharacterDevice() || entry.isBlockDevice();
    if (!isDevice) return await readFile(file);
  } catch (cause) {
    throw refuse(reasonOf(cause), cause);
  }
  throw refuse('it is a device, not a file');
}
