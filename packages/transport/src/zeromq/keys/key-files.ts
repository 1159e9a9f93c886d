/**
 * Key files. Each file holds a CURVE key pair, which one or several workers use, and the public key of their
 * coordinator. The coordinator's own key pair is in a file of the same form.
 */
import { stat, type FileHandle } from 'node:fs/promises';
import { UserError } from '@lstm-gan/core/errors';
import { adviceOf, explainWriteError, readWhole, reasonOf, writeAtomically } from '@lstm-gan/system';
import { curveKeyPair } from 'zeromq';
import { z } from 'zod';
import { isExposed, thisProcess } from './key-file-access.ts';

/** A CURVE key pair, each key 40 characters of Z85. */
export interface KeyPair {
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

/**
 * Writes a worker's keys, completely or not at all, readable only by the user. Throws a UserError if that fails.
 */
export async function writeKeyFile(file: string, keys: WorkerKeys): Promise<void> {
  const content = async (handle: FileHandle): Promise<void> => {
    await handle.chmod(0o600);
    await handle.writeFile(`${JSON.stringify(keys)}\n`);
  };
  await writeAtomically(file, content).catch((error: unknown) => {
    throw explainWriteError(file, error, 'Keys are in the folder of the run: choose another folder.');
  });
}

/** Reads a worker's keys. Refuses a file that others can read (see `isExposed`). */
export async function readKeyFile(file: string): Promise<WorkerKeys> {
  const found = await lookForKeys(file);
  if (found instanceof UserError) throw found;
  return found;
}

/**
 * Reads a worker's keys. If the file is not there, or ends too early, returns what is wrong: it may still come. Throws a
 * UserError if the file is there and of no use.
 */
export async function lookForKeys(file: string): Promise<WorkerKeys | UserError> {
  const unreadable = (reason: string, cause?: unknown): UserError =>
    keyFileError(
      `The key file ${file} cannot be read: ${reason}.`,
      adviceOf(cause, 'Give the path that the coordinator printed, or that of your copy.'),
      cause,
    );
  const entry = await stat(file).catch((cause: NodeJS.ErrnoException) => unreadable(reasonOf(cause), cause));
  if (entry instanceof UserError) {
    if ((entry.cause as NodeJS.ErrnoException).code === 'ENOENT') return entry;
    throw entry;
  }
  if (entry.size > mostBytes) throw noKeysIn(file);
  const text = (await readWhole(file, unreadable)).toString();
  if (isCutOff(text)) return noKeysIn(file);
  const keys = parseKeys(text);
  if (keys === undefined) throw noKeysIn(file);
  if (isExposed(entry, thisProcess())) throw exposedError(file, entry.uid);
  return keys;
}

/** A key file has some 170 bytes. */
const mostBytes = 4096;

/** Whether a text is empty, or begins as a key file does and is not written to its end. */
function isCutOff(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return /^\s*(\{|$)/.test(text);
  }
}

function noKeysIn(file: string): UserError {
  return keyFileError(
    `The key file ${file} does not hold serverKey, publicKey and secretKey.`,
    'Use the file that the coordinator wrote.',
  );
}

function exposedError(file: string, owner: number): UserError {
  return keyFileError(
    `The key file ${file} can be read by others.`,
    owner === thisProcess().uid
      ? `Run: chmod 600 ${file}`
      : `Its owner has to run: chmod 600 ${file}. In a Secret of Kubernetes, set defaultMode: 0400.`,
  );
}

/** The keys in the text of a key file; undefined if the text does not hold all of them. */
export function parseKeys(text: string): WorkerKeys | undefined {
  try {
    return workerKeysSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function keyFileError(message: string, advice: string, cause?: unknown): UserError {
  return new UserError({ code: 'key-file', message, advice, cause });
}
