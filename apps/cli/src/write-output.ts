import { stat, writeFile } from 'node:fs/promises';
import { writeAtomically } from '@lstm-gan/run';
import { explainWriteError } from '@lstm-gan/system';

/**
 * Writes a file that the user has named: completely or not at all. A device or a pipe (/dev/stdout) is written to; it is
 * not replaced by a file. Throws a UserError if that fails.
 */
export async function writeOutput(file: string, content: Uint8Array | string): Promise<void> {
  try {
    const entry = await stat(file).catch(() => undefined);
    const isReplaced = entry === undefined || entry.isFile() || entry.isDirectory();
    await (isReplaced ? writeAtomically(file, [content]) : writeFile(file, content));
  } catch (error) {
    throw explainWriteError(file, error, 'Name another file.');
  }
}
