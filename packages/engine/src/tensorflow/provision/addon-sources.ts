/** The C++ sources of our addon, which are part of this package and compiled on the user's machine. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that the `#include`s of our sources start from. */
export const nativeFolder = fileURLToPath(new URL('../../../native', import.meta.url));

/** The compiler's flags for both addons. */
export const commonFlags: readonly string[] = [
  ...['-c', '-O2', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=addon'],
];

/** The compiler's further flags for our addon. */
export const nativeFlags: readonly string[] = [
  '-Wall',
  '-Wextra',
  '-Wno-cast-function-type',
  '-O3',
  '-fno-math-errno',
  '-ffp-contract=off',
  // Tuned for some processors, g++ does not fuse chains of sums, because that is faster there. With Haswell's tuning it
  // always fuses.
  '-mtune=haswell',
];

/** The files below a folder, sorted, relative to it. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** The paths of the `.cc` files of a folder and of the folders in it. */
export async function cppSources(folder: string): Promise<string[]> {
  const files = await filesBelow(folder);
  return files.filter((file) => file.endsWith('.cc')).map((file) => path.join(folder, file));
}

/**
 * A short hash of all files that our addon is compiled from (sources and headers), and of the compiler's flags. If the
 * hash changes, the addon is compiled again.
 */
export async function addonKey(folder = nativeFolder): Promise<string> {
  const files = await filesBelow(folder);
  const contents = await Promise.all(files.map((file) => readFile(path.join(folder, file))));
  const hash = createHash('sha256').update([...commonFlags, ...nativeFlags].join('\n'));
  files.forEach((file, k) => hash.update(`${file}\n`).update(contents[k]));
  return hash.digest('hex').slice(0, 12);
}
