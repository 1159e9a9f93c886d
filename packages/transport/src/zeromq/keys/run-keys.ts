/**
 * The keys of a run, made for this run alone, in a folder. The coordinator lets in a worker if a file of the folder
 * holds the worker's key pair when the worker connects. All workers may share one file, or each may have its own.
 * Removing a file revokes its key.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeLeftovers } from '@lstm-gan/system';
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
 * Opens the keys in a folder, or makes the folder (mode 0700) and the keys. So a coordinator that starts again keeps
 * the keys that its workers know.
 */
export async function openRunKeys(folder: string): Promise<RunKeys> {
  const serverFile = path.join(folder, serverKeyName);
  removeLeftovers(folder);
  if (!existsSync(serverFile)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [server, worker] = [createKeyPair(), createKeyPair()];
    // The worker's key is written first, so a folder that has the coordinator's key is complete.
    await writeKeyFile(path.join(folder, 'worker.key'), { ...worker, serverKey: server.publicKey });
    await writeKeyFile(serverFile, { ...server, serverKey: server.publicKey });
  }
  const used = new Set<string>();
  const listed = (): Set<string> => new Set(listJoinKeys(folder).map(({ publicKey }) => publicKey));
  return {
    server: await readKeyFile(serverFile),
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
  const names = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.key') && entry.name !== serverKeyName)
    .map(({ name }) => path.join(folder, name))
    .sort()
    .flatMap((file) => {
      const keys = parseKeys(readIfPresent(file));
      return keys === undefined ? [] : [{ name: path.basename(file, '.key'), file, publicKey: keys.publicKey }];
    });
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
