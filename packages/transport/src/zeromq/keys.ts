/**
 * CURVE keys, made anew for every run. A worker's key file holds what it needs to connect: the server's public key and a
 * key pair of its own, which the coordinator has authorized.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
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
  const mode = await stat(file).then(({ mode }) => mode, () => undefined);
  if (mode === undefined) {
    throw keyFileError(`The key file ${file} cannot be read.`, 'Give the path that the coordinator printed, or that of your copy.');
  }
  if ((mode & 0o077) !== 0) {
    throw keyFileError(`The key file ${file} can be read by others.`, `Run: chmod 600 ${file}`);
  }
  const parsed = workerKeysSchema.safeParse(parseJson(await readFile(file, 'utf8')));
  if (!parsed.success) {
    throw keyFileError(`The key file ${file} does not hold serverKey, publicKey and secretKey.`, 'Use the file that the coordinator wrote.');
  }
  return parsed.data;
}

/** The keys of a run: the coordinator's own, and one that lets workers join. */
export interface RunKeys {
  readonly server: KeyPair;
  readonly worker: KeyPair;
  /** What a worker is started with. */
  readonly workerKeyFile: string;
}

/** Opens the keys in a folder (0700), or makes them: a coordinator that starts again is the one its workers know. */
export async function openRunKeys(folder: string): Promise<RunKeys> {
  const serverFile = path.join(folder, 'coordinator.key');
  const workerKeyFile = path.join(folder, 'worker.key');
  if (!existsSync(serverFile)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [server, worker] = [createKeyPair(), createKeyPair()];
    // The worker's first: with the coordinator's the folder is complete.
    await writeKeyFile(workerKeyFile, { ...worker, serverKey: server.publicKey });
    await writeKeyFile(serverFile, { ...server, serverKey: server.publicKey });
  }
  return { server: await readKeyFile(serverFile), worker: await readKeyFile(workerKeyFile), workerKeyFile };
}

function keyFileError(message: string, advice: string): UserError {
  return new UserError({ code: 'key-file', message, advice });
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
