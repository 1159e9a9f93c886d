/**
 * Key files. Each file holds a CURVE key pair, which one or several workers use, and the public key of their
 * coordinator. The coordinator's own key pair is in a file of the same form.
 */
import { readFile, stat, type FileHandle } from 'node:fs/promises';
import { UserError } from '@lstm-gan/core/errors';
import { adviceOf, explainWriteError, reasonOf, writeAtomically } from '@lstm-gan/system';
import { curveKeyPair } from 'zeromq';
import { z } from 'zod';

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
    throw explainWriteError(file, error, 'Keys are in the folder of the run: choose another one with --out.');
  });
}

/** Reads a worker's keys. Refuses a file that other users can read. */
export async function readKeyFile(file: string): Promise<WorkerKeys> {
  const unreadable = (cause: unknown): never => {
    throw keyFileError(
      `The key file ${file} cannot be read: ${reasonOf(cause)}.`,
      adviceOf(cause, 'Give the path that the coordinator printed, or that of your copy.'),
      cause,
    );
  };
  const { mode } = await stat(file).catch(unreadable);
  if ((mode & 0o077) !== 0) {
    throw keyFileError(`The key file ${file} can be read by others.`, `Run: chmod 600 ${file}`);
  }
  const keys = parseKeys(await readFile(file, 'utf8').catch(unreadable));
  if (keys === undefined) {
    throw keyFileError(
      `The key file ${file} does not hold serverKey, publicKey and secretKey.`,
      'Use the file that the coordinator wrote.',
    );
  }
  return keys;
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
