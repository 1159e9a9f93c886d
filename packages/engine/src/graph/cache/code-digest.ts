/**
 * A digest of the code that decides a unit's graph: the files of core and of this package, and the version of tfjs. It
 * is a part of every cached graph's key, so a graph that other code has made is never found.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '@lstm-gan/core/errors';

/** SHA-256, hexadecimal, over the paths and contents of all code files. */
export async function codeDigest(): Promise<string> {
  // Read from package.json, because loading tfjs itself takes long.
  const { version: tfjsVersion } = createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json') as {
    version: string;
  };
  // This package runs from `src` in a checkout and from `dist` in an installation. Core then runs from its own `src` or
  // `dist`.
  const own = fileURLToPath(new URL('../..', import.meta.url));
  const hash = createHash('sha256').update(tfjsVersion);
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
