import { stat, writeFile } from 'node:fs/promises';
import { writeAtomically } from '@lstm-gan/run';
import { explainWriteError } from '@lstm-gan/system';

/**
 * Writes a file that the user has named: completely or not at all. A device or a pipe (/dev/stdout) is written to; it is
 * not replaced by a file. Throws a UserError if that fails.
 */
export async function writeOutput(file: string, content: Uint8Array | string): Promise<void> {
  try {
    await ((await isDevice(file)) ? writeFile(file, content) : writeAtomically(file, [content]));
  } catch (error) {
    throw explainWriteError(file, error, 'Name another file.');
  }
}

/** Whether a path names a device or a pipe, such as /dev/stdout. */
export async function isDevice(file: string): Promise<boolean> {
  const entry = await stat(file).catch(() => undefined);
  return entry !== undefined && !entry.isFile() && !entry.isDirectory();
}
