/**
 * Compiles two addons against the TensorFlow library that they run with. tfjs-node's own binding is for tracing and the
 * eager engine; its C++ source is in tfjs-node's npm package. Our addon is for everything else.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { createTemporary, runProgram } from '@lstm-gan/system';
import { commonFlags, cppSources, nativeFlags, nativeFolder } from './addon-sources.ts';
import type { TensorFlowPaths } from './cache-folder.ts';
import type { OnProvisionProgress } from './provision-progress.ts';

const require = createRequire(import.meta.url);

/**
 * The folder of @tensorflow/tfjs-node-gpu. The package is installed next to this package, or in the cache by
 * provisioning.
 */
export function tfjsNodeFolder(cacheDir: string): string | undefined {
  const name = '@tensorflow/tfjs-node-gpu/package.json';
  for (const from of [import.meta.url, path.resolve(cacheDir, 'npm', 'package.json')]) {
    try {
      return path.dirname(createRequire(from).resolve(name));
    } catch {
      // The package is not installed there: try the next place.
    }
  }
  return undefined;
}

/**
 * Compiles the files of both addons in parallel.
 * @param confirm called before the addons get their place; throws if they must not, because the cache has another owner
 */
export async function compileAddons(
  paths: TensorFlowPaths,
  tfjsNode: string,
  compiler: string,
  onProgress: OnProvisionProgress,
  confirm: () => void = () => undefined,
): Promise<void> {
  onProgress({ stage: 'compile', doneBytes: 0, totalBytes: 0 });
  const target = path.dirname(paths.bindingsMarker);
  const partial = createTemporary(path.dirname(target));
  try {
    await mkdir(partial.path, { recursive: true });
    await compileInto(partial.path, paths, tfjsNode, compiler);
    confirm();
    await rm(target, { recursive: true, force: true });
    await rename(partial.path, target);
  } finally {
    partial.remove();
  }
}

async function compileInto(folder: string, paths: TensorFlowPaths, tfjsNode: string, compiler: string): Promise<void> {
  const [stockSources, ownSources] = await Promise.all([
    cppSources(path.join(tfjsNode, 'binding')),
    cppSources(nativeFolder),
  ]);
  const addons: Addon[] = [
    { sources: stockSources, output: path.basename(paths.stockBinding), flags: ['-w', `-I${tfjsNode}`] },
    { sources: ownSources, output: path.basename(paths.session), flags: [`-I${nativeFolder}`, ...nativeFlags] },
  ];
  const tools = { compiler, libraryDir: paths.libraryDir, folder };
  await inParallel(addons.flatMap((addon) => addon.sources.map((source) => () => compileFile(tools, addon, source))));
  await inParallel(addons.map((addon) => () => link(tools, addon)));
  await writeFile(path.join(folder, path.basename(paths.bindingsMarker)), JSON.stringify({ compiler }));
}

interface Addon {
  readonly sources: readonly string[];
  readonly output: string;
  readonly flags: readonly string[];
}

interface Tools {
  readonly compiler: string;
  readonly libraryDir: string;
  readonly folder: string;
}

/** Runs as many jobs at a time as there are processors. After an error no other job begins, and all have ended. */
async function inParallel(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...jobs];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      await job().catch((error: unknown) => {
        waiting.length = 0;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** The object file of one of an addon's sources. */
const objectOf = ({ folder }: Tools, { sources, output }: Addon, source: string): string =>
  path.join(folder, `${output}.${sources.indexOf(source)}.o`);

function compileFile(tools: Tools, addon: Addon, source: string): Promise<void> {
  const { include_dir: headers } = require('node-api-headers') as { include_dir: string };
  return run(tools, addon, [
    ...commonFlags,
    ...addon.flags,
    ...[`-I${headers}`, `-I${path.join(tools.libraryDir, 'include')}`, source, '-o', objectOf(tools, addon, source)],
  ]);
}

async function link(tools: Tools, addon: Addon): Promise<void> {
  const objects = addon.sources.map((source) => objectOf(tools, addon, source));
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((file) =>
    path.join(tools.libraryDir, file),
  );
  const output = path.join(tools.folder, addon.output);
  await run(tools, addon, ['-shared', ...objects, '-o', output, ...libraries, '-Wl,-rpath,$ORIGIN/../tensorflow']);
  await Promise.all(objects.map((object) => rm(object)));
}

async function run({ compiler, folder }: Tools, { output }: Addon, parameters: string[]): Promise<void> {
  // The compiler's own temporary files are removed with the folder.
  const result = await runProgram(compiler, parameters, { env: { ...process.env, TMPDIR: folder } });
  if (result.status === 0) return;
  throw new UserError({
    code: 'compile-failed',
    message: `${compiler} could not compile ${output}:\n${result.output.trim().split('\n').slice(-8).join('\n')}`,
    advice:
      'A compiler for C++17 with its standard library is needed (g++ 9 or clang 14, or newer); name another one in CXX.',
  });
}
