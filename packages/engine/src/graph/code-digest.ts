/**
 * A digest of the code that decides what a unit's graph looks like: core's and this package's files as they are
 * running (sources in a checkout, dist in an installation), and tfjs. Part of every cached graph's key.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '@lstm-gan/core';

/** SHA-256, hexadecimal, over paths and contents. */
export async function codeDigest(): Promise<string> {
  // Of the package's description: the package itself is not to be loaded for a name.
  const { version: tfjsVersion } = createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json') as {
    version: string;
  };
  const own = fileURLToPath(new URL('..', import.meta.url));
  const hash = createHash('sha256').update(tfjsVersion);
  // Both packages run from the same kind of folder: src in a checkout, dist in an installation.
  for (const folder of [own, path.join(corePackage(), path.basename(own))]) await hashFolder(hash, folder);
  return hash.digest('hex');
}

function corePackage(): string {
  const name = '@lstm-gan/core';
  const candidates = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const found = candidates.map((folder) => path.join(folder, name)).find((folder) => existsSync(folder));
  assert(found !== undefined, `${name} is installed, since this package imports it`);
  return found;
}

async function hashFolder(hash: ReturnType<typeof createHash>, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && isCode(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const contents = await Promise.all(files.map((file) => readFile(path.join(folder, file))));
  files.forEach((file, k) => hash.update(`\n${file} ${contents[k].byteLength}\n`).update(contents[k]));
}

function isCode(name: string): boolean {
  return /\.(ts|js)$/.test(name) && !/\.(test|d)\.ts$/.test(name);
}
