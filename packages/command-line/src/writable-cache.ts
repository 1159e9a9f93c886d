/**
 * A cache that this process may write to. A cache that belongs to an image of a container, or to another user, can
 * often only be read. Then what it holds is used, and what is missing (graphs, packed data, trained networks) is
 * written into a folder of this user beside other temporary files.
 */
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/**
 * The cache itself if it may be written to or does not exist yet. Otherwise a folder with links to all that is in the
 * cache; it stays for the next start.
 * @param onNotice gets a sentence that says where new files go
 */
export function writableCache(cacheDir: string, onNotice: (sentence: string) => void): string {
  const refusal = refusalOf(cacheDir);
  if (refusal === undefined) return cacheDir;
  const folder = folderOfUser(`lstm-gan-cache-${userInfo().uid}`);
  if (folder === undefined) return cacheDir;
  linkEntries(path.resolve(cacheDir), folder);
  onNotice(`${cacheDir} cannot be written: ${refusal}. New graphs and data go to ${folder}.`);
  return folder;
}

/** Why a folder with files in it cannot be written to; undefined if it can, or if there is nothing in it. */
function refusalOf(folder: string): string | undefined {
  try {
    if (readdirSync(folder).length === 0) return undefined;
  } catch {
    return undefined; // The first attempt to write there ends in an error that says what is wrong.
  }
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS' ? 'the disk is read-only' : 'permission is denied';
  }
}

/** A folder that only this user can read and write. Undefined if another user has made one of that name. */
function folderOfUser(name: string): string | undefined {
  const folder = path.join(tmpdir(), name);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const entry = lstatSync(folder);
  return entry.isDirectory() && entry.uid === userInfo().uid && (entry.mode & 0o077) === 0 ? folder : undefined;
}

/**
 * Makes the folders of a cache anew, so that files can be added to them, and fills them with links to what the cache's
 * own folders hold.
 */
function linkEntries(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) link(path.join(source, name), path.join(target, name));
  }
}

function link(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
