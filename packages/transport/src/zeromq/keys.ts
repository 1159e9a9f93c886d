/**
 * CURVE keys, made anew for every run. A worker's key file holds what it needs to connect: the server's public key and a
 * key pair of its own. The coordinator lets in whoever has a pair of those that lie in the run's folder at that moment: one
 * that all workers share, or one for each, and to remove a file is to revoke it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import { curveKeyPair } from 'zeromq';
import { z } from 'zod';

/** A CURVE key pair, each key 40 characters of Z85. */
export interface KeyPair {
  /** Z85, 40 characters. */
  readonly publicKey: string;
  readonly secretKey: string;
}

/** What a worker needs to be let in: its own keys, and the public key of its coordinator. */
export interface WorkerKeys extends KeyPair {
  readonly serverKey: string;
}

const z85 = z.string().regex(/^[0-9A-Za-z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/);
const workerKeysSchema = z.strictObject({ serverKey: z85, publicKey: z85, secretKey: z85 });

/** A new random key pair. */
export function createKeyPair(): KeyPair {
  return curveKeyPair();
}

/** Writes a worker's keys, readable by the user alone. */
export async function writeKeyFile(file: string, keys: WorkerKeys): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await chmod(file, 0o600);
    await handle.writeFile(`${JSON.stringify(keys)}\n`);
  } finally {
    await handle.close();
  }
}

/** Reads a worker's keys; refuses a file that others can read. */
export async function readKeyFile(file: string): Promise<WorkerKeys> {
  const mode = await stat(file).then(
    ({ mode }) => mode,
    () => undefined,
  );
  if (mode === undefined) {
    throw keyFileError(
      `The key file ${file} cannot be read.`,
      'Give the path that the coordinator printed, or that of your copy.',
    );
  }
  if ((mode & 0o077) !== 0) {
    throw keyFileError(`The key file ${file} can be read by others.`, `Run: chmod 600 ${file}`);
  }
  const parsed = workerKeysSchema.safeParse(parseJson(await readFile(file, 'utf8')));
  if (!parsed.success) {
    throw keyFileError(
      `The key file ${file} does not hold serverKey, publicKey and secretKey.`,
      'Use the file that the coordinator wrote.',
    );
  }
  return parsed.data;
}

/** The keys of a run: the coordinator's own, and those that let workers join. */
export interface RunKeys {
  readonly server: KeyPair;
  /** What a worker is started with; undefined while all are revoked. */
  readonly workerKeyFile: string | undefined;
  /** Reads the folder at every question. */
  readonly isAuthorized: (publicKey: string) => boolean;
  /** Whether somebody got in with a key that was revoked since; says so once of each. */
  readonly takeRevoked: () => boolean;
}

/** A key file of a run that lets whoever has it join. */
export interface JoinKey {
  /** `worker` for the one that is made with the run. */
  readonly name: string;
  readonly file: string;
  readonly publicKey: string;
}

/** Opens the keys in a folder (0700), or makes them: a coordinator that starts again is the one its workers know. */
export async function openRunKeys(folder: string): Promise<RunKeys> {
  const serverFile = path.join(folder, serverKeyName);
  if (!existsSync(serverFile)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [server, worker] = [createKeyPair(), createKeyPair()];
    // The worker's first: with the coordinator's the folder is complete.
    await writeKeyFile(path.join(folder, 'worker.key'), { ...worker, serverKey: server.publicKey });
    await writeKeyFile(serverFile, { ...server, serverKey: server.publicKey });
  }
  const used = new Set<string>();
  const present = (): Set<string> => new Set(listJoinKeys(folder).map(({ publicKey }) => publicKey));
  return {
    server: await readKeyFile(serverFile),
    workerKeyFile: listJoinKeys(folder)[0]?.file,
    isAuthorized(publicKey) {
      const isListed = present().has(publicKey);
      if (isListed) used.add(publicKey);
      return isListed;
    },
    takeRevoked() {
      const keys = present();
      const revoked = [...used].filter((publicKey) => !keys.has(publicKey));
      for (const publicKey of revoked) used.delete(publicKey);
      return revoked.length > 0;
    },
  };
}

const serverKeyName = 'coordinator.key';

/** All key files in a run's folder that let workers join, by name; files that hold no keys are none. */
export function listJoinKeys(folder: string): JoinKey[] {
  const names = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.key') && entry.name !== serverKeyName)
    .map(({ name }) => path.join(folder, name))
    .sort()
    .flatMap((file) => {
      const keys = workerKeysSchema.safeParse(parseJson(textOf(file)));
      return keys.success ? [{ name: path.basename(file, '.key'), file, publicKey: keys.data.publicKey }] : [];
    });
}

/** Makes a key file for one worker, or for some; refuses a name that is taken. */
export async function addJoinKey(folder: string, name: string): Promise<JoinKey> {
  const file = keyFileOf(folder, name);
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

/** From now on nobody gets in with this key; a coordinator that runs notices, and ends the lines of whoever is in. */
export async function revokeJoinKey(folder: string, name: string): Promise<void> {
  const file = keyFileOf(folder, name);
  if (!existsSync(file))
    throw keyFileError(
      `There is no key called ${name}; there are ${
        listJoinKeys(folder)
          .map((key) => key.name)
          .join(', ') || 'none'
      }.`,
      'Give one of these names.',
    );
  await rm(file);
}

function keyFileOf(folder: string, name: string): string {
  if (!/^[\w-][\w.-]{0,63}$/.test(name) || `${name}.key` === serverKeyName) {
    throw keyFileError(
      `A key cannot be called ${name}.`,
      'Use up to 64 letters, digits, points and hyphens; the name of the coordinator is taken.',
    );
  }
  return path.join(folder, `${name}.key`);
}

function keyFileError(message: string, advice: string): UserError {
  return new UserError({ code: 'key-file', message, advice });
}

/** Of a file that may be revoked at this very moment. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Z85 (ZeroMQ RFC 32) of bytes, whose count is a multiple of 4. */
export function encodeZ85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let offset = 0; offset + 4 <= bytes.byteLength; offset += 4) {
    let value = view.getUint32(offset);
    let group = '';
    for (let k = 0; k < 5; k++) {
      group = alphabet[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}
