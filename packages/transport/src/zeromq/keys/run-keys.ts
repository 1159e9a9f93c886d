/**
 * The keys of a run, made for this run alone, in a folder. The coordinator lets in a worker if a file of the folder
 * holds the worker's key pair when the worker connects. All workers may share one file, or each may have its own.
 * Removing a file revokes its key.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { createTemporary, explainWriteError, makeFolder, removeLeftovers } from '@lstm-gan/system';
import { createKeyPair, keyFileError, parseKeys, readKeyFile, writeKeyFile, type KeyPair } from './key-files.ts';

/** The keys of a run: the coordinator's own, and those that let workers join. */
export interface RunKeys {
  readonly server: KeyPair;
  /** The first of the key files that let workers join; undefined if all of them are revoked. */
  readonly workerKeyFile: string | undefined;
  /** Whether a worker with this key may connect. Reads the folder at each call. */
  readonly isAuthorized: (publicKey: string) => boolean;
  /** The keys that workers have connected with, and that were revoked since the last call. */
  readonly takeRevoked: () => ReadonlySet<string>;
}

/** A key file of a run; every worker that has it may join. */
export interface JoinKey {
  /** The file's name without `.key`: `worker` for the key that is made with the run. */
  readonly name: string;
  readonly file: string;
  readonly publicKey: string;
}

const serverKeyName = 'coordinator.key';

/**
 * Makes the keys of a run, if the folder has none: the coordinator's own, and one that all workers may share. The folder
 * gets mode 0700. Returns whether keys were made. Keys that exist are never replaced.
 */
export async function createRunKeys(folder: string): Promise<boolean> {
  const parent = path.dirname(folder);
  for (const place of [folder, parent]) removeLeftovers(place);
  if (hasServerKey(folder)) return false;
  // The whole folder gets its name at once: of two processes that make keys at the same time, one is first.
  const temporary = createTemporary(parent);
  try {
    await makeFolder(parent);
    await mkdir(temporary.path, { mode: 0o700 });
    await writeNewKeys(temporary.path);
    await rename(temporary.path, folder);
    await syncFolder(parent);
    return true;
  } catch (error) {
    if (hasServerKey(folder)) return false;
    const isTaken = ['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (!isTaken) throw explainWriteError(folder, error, 'Choose another folder for the run.');
    // Something else is in the folder already, or a disk is mounted there.
    await writeNewKeys(folder);
    return true;
  } finally {
    temporary.remove();
  }
}

async function writeNewKeys(folder: string): Promise<void> {
  const [server, worker] = [createKeyPair(), createKeyPair()];
  // The worker's key is written first, so a folder that has the coordinator's key is complete.
  await writeKeyFile(path.join(folder, 'worker.key'), { ...worker, serverKey: server.publicKey });
  await writeKeyFile(path.join(folder, serverKeyName), { ...server, serverKey: server.publicKey });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Whether a folder has the keys of a run. */
export function hasServerKey(folder: string): boolean {
  return existsSync(path.join(folder, serverKeyName));
}

/** Opens the keys in a folder. Makes them first if there are none, so a coordinator that starts again keeps its keys. */
export async function openRunKeys(folder: string): Promise<RunKeys> {
  await createRunKeys(folder);
  const used = new Set<string>();
  const listed = (): Set<string> => new Set(listJoinKeys(folder).map(({ publicKey }) => publicKey));
  return {
    server: await readKeyFile(path.join(folder, serverKeyName)),
    workerKeyFile: listJoinKeys(folder)[0]?.file,
    isAuthorized(publicKey) {
      const isListed = listed().has(publicKey);
      if (isListed) used.add(publicKey);
      return isListed;
    },
    takeRevoked() {
      const keys = listed();
      const revoked = new Set([...used].filter((publicKey) => !keys.has(publicKey)));
      for (const publicKey of revoked) used.delete(publicKey);
      return revoked;
    },
  };
}

/** The key files in a run's folder that let workers join, sorted by name. Files that hold no keys are left out. */
export function listJoinKeys(folder: string): JoinKey[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return (
    names
      .filter((name) => name.endsWith('.key') && name !== serverKeyName)
      .map((name) => path.join(folder, name))
      // In a Secret of Kubernetes, the names are links to the files.
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
      .sort()
      .flatMap((file) => {
        const keys = parseKeys(readIfPresent(file));
        return keys === undefined ? [] : [{ name: path.basename(file, '.key'), file, publicKey: keys.publicKey }];
      })
  );
}

/** Makes a key file for one or several workers. Refuses a name that another key file has. */
export async function addJoinKey(folder: string, name: string): Promise<JoinKey> {
  const file = keyFilePath(folder, name);
  if (existsSync(file))
    throw keyFileError(
      `There is a key called ${name} already: ${file}.`,
      'Choose another name, or revoke that one first.',
    );
  const server = await readKeyFile(path.join(folder, serverKeyName));
  const keys = createKeyPair();
  await writeKeyFile(file, { ...keys, serverKey: server.publicKey });
  return { name, file, publicKey: keys.publicKey };
}

/**
 * Removes a key file. From now on, workers with its key are not let in. The running coordinator notices the removal, and
 * ends the connections of workers that have joined with the key.
 */
export async function revokeJoinKey(folder: string, name: string): Promise<void> {
  const file = keyFilePath(folder, name);
  if (!existsSync(file)) {
    const names = listJoinKeys(folder).map((key) => key.name);
    throw keyFileError(
      `There is no key called ${name}; there are ${names.join(', ') || 'none'}.`,
      'Give one of these names.',
    );
  }
  await rm(file);
}

function keyFilePath(folder: string, name: string): string {
  if (!/^[\w-][\w.-]{0,63}$/.test(name) || `${name}.key` === serverKeyName) {
    throw keyFileError(
      `A key cannot be called ${name}.`,
      'Use up to 64 letters, digits, points and hyphens; the name of the coordinator is taken.',
    );
  }
  return path.join(folder, `${name}.key`);
}

/** The text of a file; empty if the file was removed just now. */
function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
