/**
 * Compiles two addons against the TensorFlow library that they run with. tfjs-node's own binding is for tracing and the
 * eager engine; its C++ source is in tfjs-node's npm package. Our addon is for everything else.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { cppSources, nativeFolder } from './addon-sources.ts';
import type { TensorFlowPaths } from './cache-folder.ts';
import type { OnProvisionProgress } from './provision-progress.ts';
import { runProgram } from './run-program.ts';

const require = createRequire(import.meta.url);

/**
 * The folder of @tensorflow/tfjs-node-gpu. The package is installed next to this package, or in the cache by
 * provisioning.
 */
export function tfjsNodeFolder(cacheDir: string): string | undefined {
  const name = '@tensorflow/tfjs-node-gpu/package.json';
  for (const from of [import.meta.url, path.join(cacheDir, 'npm', 'package.json')]) {
    try {
      return path.dirname(createRequire(from).resolve(name));
    } catch {
      // The package is not installed there: try the next place.
    }
  }
  return undefined;
}

/** Compiles both addons in parallel. */
export async function compileAddons(
  paths: TensorFlowPaths,
  tfjsNode: string,
  compiler: string,
  onProgress: OnProvisionProgress,
): Promise<void> {
  onProgress({ stage: 'compile', doneBytes: 0, totalBytes: 0 });
  const target = path.dirname(paths.bindingsMarker);
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const [stockSources, ownSources] = await Promise.all([
    cppSources(path.join(tfjsNode, 'binding')),
    cppSources(nativeFolder),
  ]);
  const compile = (sources: string[], output: string, extra: string[]) =>
    compileAddon(compiler, paths.libraryDir, sources, path.join(partial, path.basename(output)), extra);
  await Promise.all([
    compile(stockSources, paths.stockBinding, ['-w', `-I${tfjsNode}`]),
    compile(ownSources, paths.session, [
      `-I${nativeFolder}`,
      '-Wall',
      '-Wextra',
      '-Wno-cast-function-type',
      '-O3',
      '-fno-math-errno',
      '-ffp-contract=off',
    ]),
  ]);
  await writeFile(path.join(partial, path.basename(paths.bindingsMarker)), JSON.stringify({ compiler }));
  await rm(target, { recursive: true, force: true });
  await rename(partial, target);
}

async function compileAddon(
  compiler: string,
  libraryDir: string,
  sources: string[],
  output: string,
  extra: string[],
): Promise<void> {
  const { include_dir: headers } = require('node-api-headers') as { include_dir: string };
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((file) =>
    path.join(libraryDir, file),
  );
  const parameters = [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=addon'],
    ...extra,
    ...[`-I${headers}`, `-I${path.join(libraryDir, 'include')}`, ...sources, '-o', output, ...libraries],
    '-Wl,-rpath,$ORIGIN/../tensorflow',
  ];
  const result = await runProgram(compiler, parameters);
  if (result.status === 0) return;
  throw new UserError({
    code: 'compile-failed',
    message: `${compiler} could not compile ${path.basename(output)}:\n${result.output.trim().split('\n').slice(-8).join('\n')}`,
    advice:
      'A compiler for C++17 with its standard library is needed (g++ 9 or clang 14, or newer); name another one in CXX.',
  });
}
