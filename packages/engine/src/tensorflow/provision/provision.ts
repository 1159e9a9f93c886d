/**
 * Provisioning: puts native TensorFlow, ready to load, into the user's cache. It first checks that the machine has all
 * that provisioning needs. A second call finds the files that mark a complete cache, and does nothing. If several
 * processes provision one cache, also on several machines, one works and the others wait.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import {
  createTemporary,
  makeFolder,
  adviceOf,
  reasonOf,
  removeLeftovers,
  removeTemporaries,
  runProgram,
  takeLock,
  type Lock,
  type LockOptions,
} from '@lstm-gan/system';
import { addonKey } from './addon-sources.ts';
import { compileAddons, tfjsNodeFolder } from './compile-addons.ts';
import { tensorflowPaths, type TensorFlowPaths } from './cache-folder.ts';
import { namedVariables } from './find-python.ts';
import { provisionLibrary } from './provision-library.ts';
import type { OnProvisionProgress } from './provision-progress.ts';
import { tfjsNodeVersion, wheels, type TensorFlowVariant } from './release.ts';
import { replaceFolder } from './replace-folder.ts';
import { checkDisk, checkPlatform, checkTools, thisHost, type Host } from './requirements.ts';

/** The options of `provision`. */
export interface ProvisionOptions extends Pick<LockOptions, 'onNotice' | 'heartbeatMs'> {
  readonly cacheDir: string;
  readonly variant: TensorFlowVariant;
  readonly onProgress?: OnProvisionProgress;
  readonly host?: Host;
}

/** A TensorFlow that can be loaded. */
export interface Provisioned {
  readonly variant: TensorFlowVariant;
  readonly paths: TensorFlowPaths;
  readonly tfjsNode: string;
}

/** The TensorFlow in the cache; undefined if any part of it is missing. */
export async function locateTensorFlow(cacheDir: string, variant: TensorFlowVariant): Promise<Provisioned | undefined> {
  const paths = tensorflowPaths(cacheDir, variant, await addonKey());
  const tfjsNode = tfjsNodeFolder(cacheDir);
  const complete = existsSync(paths.libraryMarker) && existsSync(paths.bindingsMarker) && tfjsNode !== undefined;
  return complete ? { variant, paths, tfjsNode } : undefined;
}

/** Puts TensorFlow into the cache. Throws a UserError that says what is missing and what to do. */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { cacheDir, variant, onProgress = () => undefined, host = thisHost() } = options;
  checkPlatform(host);
  const found = await locateTensorFlow(cacheDir, variant);
  if (found !== undefined) return found;
  const { python, compiler } = await checkTools(host.env);
  const lock = await lockCache(options);
  try {
    const paths = tensorflowPaths(cacheDir, variant, await addonKey());
    for (const folder of [cacheDir, path.join(cacheDir, 'downloads'), paths.root])
      if (lock.isTakenOver) removeTemporaries(folder);
      else removeLeftovers(folder);
    const confirm = (): void => lock.confirm();
    const tfjsNode = tfjsNodeFolder(cacheDir) ?? (await installTfjsNode(cacheDir, confirm));
    if (!existsSync(paths.libraryMarker)) {
      await checkDisk(cacheDir, wheels[variant]);
      await provisionLibrary(cacheDir, variant, paths, python, onProgress, confirm);
    }
    if (!existsSync(paths.bindingsMarker)) await compileAddons(paths, tfjsNode, compiler, onProgress, confirm);
    return { variant, paths, tfjsNode };
  } finally {
    lock.release();
  }
}

/**
 * Installs tfjs-node-gpu without its install script, and returns its folder. The install script fails if it cannot
 * reach its storage bucket. For this reason tfjs-node-gpu is only an optional peer of this package.
 */
async function installTfjsNode(cacheDir: string, confirm: () => void): Promise<string> {
  const partial = createTemporary(cacheDir);
  await mkdir(partial.path);
  const requirement = `@tensorflow/tfjs-node-gpu@${tfjsNodeVersion}`;
  const parameters = [
    ...['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', partial.path],
    // The user's configuration of npm may say otherwise.
    ...['--no-dry-run', '--no-global', '--no-package-lock-only', '--no-workspaces', '--include=prod', requirement],
  ];
  const result = await runProgram('npm', parameters);
  try {
    if (result.status === 0) await replaceFolder(partial.path, path.join(cacheDir, 'npm'), confirm);
  } finally {
    partial.remove();
  }
  const found = tfjsNodeFolder(cacheDir);
  if (result.status === 0 && found !== undefined) return found;
  throw new UserError({
    code: 'download-failed',
    message: `npm could not install ${requirement}: ${result.output.trim().split('\n').at(-1) ?? ''}`,
    advice: `Check the network and your npm configuration (npm config ls), then run the command again.${namedVariables(process.env, /^npm_config_|^https?_proxy$/i)}`,
  });
}

/** Locks the cache: one process provisions it at a time, and the others wait. */
async function lockCache({ cacheDir, onNotice, heartbeatMs }: ProvisionOptions): Promise<Lock> {
  try {
    await makeFolder(cacheDir);
  } catch (cause) {
    throw new UserError({
      code: 'cache-not-writable',
      message: `The cache folder ${cacheDir} cannot be made: ${reasonOf(cause, 'writing')}.`,
      advice: adviceOf(cause, 'Choose a folder that you may write to with --cache-dir.'),
      cause,
    });
  }
  return takeLock(path.join(cacheDir, 'provision.lock'), { what: cacheDir, onNotice, heartbeatMs });
}
