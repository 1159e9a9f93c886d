/**
 * Temporary files and folders. A process removes its own when it ends, whatever ends it. What a killed process left is
 * removed by the next program that looks into the folder: if the process that made it is gone, or if nobody has changed
 * it for a day, where that process cannot be asked after (another machine, container or boot).
 */
import { lstatSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from '../at-exit.ts';
import { isMakerRunning, isTemporaryName, temporaryName } from './temporary-name.ts';

/** A file or folder that is removed when this process ends, if it still exists. */
export interface Temporary {
  readonly path: string;
  /** Removes it, if it still exists. */
  remove(): void;
  /** Lets it stay when this process ends: it has been moved to its place, or is to be looked at. */
  keep(): void;
}

const touchEveryMs = 10 * 60_000;
const forgottenMs = 24 * 60 * 60_000;

/**
 * A new path in a folder, for a file or folder that will be renamed when it is complete. Nothing is made there yet.
 */
export function createTemporary(folder: string): Temporary {
  return owned(path.join(folder, `${temporaryName()}.partial`));
}

/** Makes a folder of this user in the system's folder for temporary files, and removes what dead processes left there. */
export function createTemporaryFolder(parent = tmpdir()): Temporary {
  removeLeftovers(parent);
  const temporary = owned(path.join(parent, temporaryName()));
  try {
    mkdirSync(temporary.path, { mode: 0o700 });
  } catch (error) {
    temporary.keep();
    throw error;
  }
  return temporary;
}

function owned(target: string): Temporary {
  const remove = (): void => {
    try {
      // A program that was killed just now may still write into the folder.
      rmSync(target, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch {
      // It stays for `removeLeftovers`. An error here would hide the one that led here.
    }
  };
  const forget = atExit(remove);
  // Other processes see by its time that the folder of a long training is in use.
  const timer = setInterval(() => touch(target), touchEveryMs);
  timer.unref();
  const keep = (): void => {
    clearInterval(timer);
    forget();
  };
  return {
    path: target,
    keep,
    remove() {
      keep();
      remove();
    },
  };
}

function touch(target: string): void {
  try {
    utimesSync(target, new Date(), new Date());
  } catch {
    // It does not exist yet, or not any more.
  }
}

/** Removes the temporary files and folders of this user in a folder that no living process owns. */
export function removeLeftovers(folder: string): void {
  for (const name of namesIn(folder)) {
    if (!isTemporaryName(name)) continue;
    const target = path.join(folder, name);
    try {
      const entry = lstatSync(target);
      const isOwned = isMakerRunning(name) ?? Date.now() - entry.mtimeMs < forgottenMs;
      if (!isOwned && entry.uid === process.getuid?.()) rmSync(target, { recursive: true, force: true });
    } catch {
      // It is gone.
    }
  }
}

/**
 * Removes all temporary files and folders in a folder, also those of living processes. For the owner of a lock: what
 * others have prepared there, they must not complete.
 */
export function removeTemporaries(folder: string): void {
  for (const name of namesIn(folder).filter(isTemporaryName))
    rmSync(path.join(folder, name), { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // there is no such folder yet
  }
}
