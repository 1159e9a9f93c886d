import { constants, readdirSync, rmSync } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import {
  explainReadError,
  explainWriteError as explain,
  removeLeftovers,
  writeAtomically as write,
  writeAtomicallySync as writeSync,
} from '@lstm-gan/system';
import { shellWord } from './terminal-text.ts';

/** Called when a change is ready to be made. Throws if this process must not make it: it has lost the run's folder. */
export type Confirm = () => void;

/** Writes a file completely or not at all. Throws a UserError if it cannot be written. */
export async function writeAtomically(
  file: string,
  parts: readonly (Uint8Array | string)[],
  confirm?: Confirm,
): Promise<void> {
  await write(file, parts, confirm).catch((error: unknown) => {
    throw explainWriteError(file, error);
  });
}

/** Does the same at once, for a short text. */
export function writeAtomicallySync(file: string, text: string, confirm?: Confirm): void {
  try {
    writeSync(file, text, confirm);
  } catch (error) {
    throw explainWriteError(file, error);
  }
}

/**
 * Throws a UserError if a file cannot be written because of its folder. To be called before long work whose result is
 * to be written.
 */
export async function checkFolderOf(file: string): Promise<void> {
  const folder = path.dirname(file);
  const refuse = (reason: string, advice: string): never => {
    throw new UserError({ code: 'cannot-write', message: `${file} cannot be written: ${reason}.`, advice });
  };
  if (await isFolder(file)) refuse('it is a folder', 'Add the name of a file to it.');
  if (await isFolder(folder)) {
    await access(folder, constants.W_OK).catch((error: unknown) => {
      throw explainWriteError(file, error);
    });
  } else {
    refuse(`there is no folder ${folder}`, `Make it first (mkdir -p ${shellWord(folder)}), or choose another place.`);
  }
}

function isFolder(place: string): Promise<boolean> {
  return stat(place).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/**
 * Removes files from a folder: those with an unwanted name, and files that were half written when a process died. Files
 * that a living process is writing stay.
 */
export function removeFiles(folder: string, isUnwanted: (name: string) => boolean): void {
  removeLeftovers(folder);
  for (const name of readdirSync(folder)) if (isUnwanted(name)) rmSync(path.join(folder, name), { force: true });
}

/**
 * The contents of a text file. Undefined if there is no such file. Throws a UserError if it cannot be read.
 * @param advice what the user can do then
 */
export async function readIfPresent(file: string, advice?: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw explainReadError(file, error, advice);
  }
}

/** Turns the error of a failed write of a run's file into a UserError. Returns any other error unchanged. */
export function explainWriteError(file: string, error: unknown): unknown {
  return explain(file, error, 'Choose another folder with --out; what was written before is intact.');
}
