/**
 * Checks the machine before provisioning, so that a user is told about a missing program at once, and not after a
 * download of 270 MB.
 */
import { statfs } from 'node:fs/promises';
import { UserError } from '@lstm-gan/core/errors';
import { findPython, missingTool, type Python } from './find-python.ts';
import type { wheels } from './release.ts';
import { runProgram } from '@lstm-gan/system';

/** What provisioning needs to know of a machine. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** Version of the C library; undefined if it is not glibc. */
  readonly glibc: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** The machine that this process runs on. */
export function thisHost(): Host {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: report.header?.glibcVersionRuntime,
    env: process.env,
  };
}

/** Throws a UserError for a system that TensorFlow's library does not run on. */
export function checkPlatform({ platform, arch, glibc }: Host): void {
  if (platform === 'linux' && arch === 'x64' && glibc !== undefined) return;
  const here = platform === 'linux' && arch === 'x64' ? 'Linux without glibc' : `${platform} ${arch}`;
  throw new UserError({
    code: 'platform-not-supported',
    message: `Training needs Linux on x86-64 with glibc; this is ${here}.`,
    advice: 'Train on such a machine (a container will do); @lstm-gan/core generates images here all the same.',
  });
}

/** Throws a UserError if python3, pip or a C++ compiler is missing; returns the Python and the compiler's name. */
export async function checkTools(env: NodeJS.ProcessEnv): Promise<{ python: Python; compiler: string }> {
  const python = await findPython(env);
  for (const compiler of [env['CXX'], 'c++', 'g++', 'clang++']) {
    if (compiler === undefined || compiler === '') continue;
    if ((await runProgram(compiler, ['--version'], { env })).status === 0) return { python, compiler };
  }
  throw missingTool(
    'a C++ compiler (c++, g++ or clang++)',
    'Install one (Debian: apt-get install g++), or name it in CXX.',
  );
}

/** Throws a UserError if the disk has no room for a release. */
export async function checkDisk(folder: string, { bytes, unpackedBytes }: typeof wheels.cpu): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = bytes + unpackedBytes;
  if (bavail * bsize >= needed) return;
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new UserError({
    code: 'disk-full',
    message: `TensorFlow needs ${gigabytes(needed)} in ${folder}, and ${gigabytes(bavail * bsize)} are free.`,
    advice: 'Free some space, or choose another folder with --cache-dir.',
  });
}
