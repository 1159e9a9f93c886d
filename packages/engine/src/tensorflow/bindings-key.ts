import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where our addon's sources lie. */
export const nativeFolder = fileURLToPath(new URL('../../native', import.meta.url));

/** A short key of what our addon is compiled from: sources and headers. */
export async function bindingsKey(folder = nativeFolder): Promise<string> {
  const files = (await readdir(folder)).sort();
  const contents = await Promise.all(files.map((file) => readFile(path.join(folder, file))));
  const hash = createHash('sha256');
  files.forEach((file, k) => hash.update(`${file}\n`).update(contents[k]));
  return hash.digest('hex').slice(0, 12);
}
