/**
 * Puts TensorFlow's library into the cache. pip downloads a wheel, and uses a mirror if pip's configuration names one.
 * The wheel's hash is checked, and the libraries and headers in the wheel are unpacked. The unpacked folder gets its
 * final name last, so unpacking is repeated after an interruption. A wheel that has arrived intact is not downloaded
 * again.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { createTemporary, runProgram } from '@lstm-gan/system';
import type { TensorFlowPaths } from './cache-folder.ts';
import { namedVariables, type Python } from './find-python.ts';
import type { OnProvisionProgress } from './provision-progress.ts';
import { wheelTags, wheels, type TensorFlowVariant, type WheelRelease } from './release.ts';
import { replaceFolder } from './replace-folder.ts';

const pipDownload = [
  '-m',
  'pip',
  'download',
  '--no-deps',
  '--only-binary=:all:',
  '--disable-pip-version-check',
] as const;

/**
 * Puts the library of a variant into `paths.root`.
 * @param confirm called before the library gets its place; throws if it must not, because the cache has another owner
 */
export async function provisionLibrary(
  cacheDir: string,
  variant: TensorFlowVariant,
  paths: TensorFlowPaths,
  python: Python,
  onProgress: OnProvisionProgress,
  confirm: () => void,
): Promise<void> {
  const release = wheels[variant];
  const downloads = path.join(cacheDir, 'downloads');
  await mkdir(downloads, { recursive: true });
  const wheel = path.join(downloads, release.file);
  if (!(await isIntact(wheel, release))) {
    await download(python, downloads, [release.requirement], release.bytes, onProgress);
    if (!(await isIntact(wheel, release))) await refuseWheel(wheel, release);
  }
  onProgress({ stage: 'unpack', doneBytes: 0, totalBytes: release.unpackedBytes });
  const unpacked = createTemporary(cacheDir);
  try {
    await unpack(python, wheel, unpacked.path);
    if (variant === 'gpu') await addCuda(python, downloads, unpacked.path, onProgress);
    const marker = { wheel: release.file, sha256: release.sha256 };
    await writeFile(path.join(unpacked.path, 'library.json'), JSON.stringify(marker));
    await replaceFolder(unpacked.path, paths.root, confirm);
    await rm(downloads, { recursive: true, force: true });
  } finally {
    unpacked.remove();
  }
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

async function download(
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
    advice: `Check the network and the index in your pip configuration (python3 -m pip config list). On a machine without internet, run setup elsewhere with --cache-dir in a shared folder.${namedVariables(env, decidingVariables)}`,
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

async function unpack(
  { program, env }: Python,
  wheel: string,
  folder: string,
  prefixes: readonly string[] = tensorflowFiles,
): Promise<void> {
  const result = await runProgram(program, ['-c', unpackScript, wheel, folder, ...prefixes], { env });
  if (result.status === 0) return;
  throw new UserError({
    code: 'unpack-failed',
    message: `${path.basename(wheel)} could not be unpacked: ${result.output.trim().split('\n').at(-1) ?? ''}`,
    advice: 'Check that the disk has room and that the cache folder can be written, then run the command again.',
  });
}

const tensorflowFiles = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/',
  'tensorflow/include/tsl/',
  'tensorflow/include/xla/',
  'tensorflow-',
] as const;

/** Adds CUDA: downloads the nvidia wheels that TensorFlow's wheel requires, and unpacks them next to the library. */
async function addCuda(
  python: Python,
  downloads: string,
  unpacked: string,
  onProgress: OnProvisionProgress,
): Promise<void> {
  const script =
    'import glob, sys\nfor path in glob.glob(sys.argv[1] + "/tensorflow-*.dist-info/METADATA"): print(open(path).read().split("\\n\\n")[0])';
  const metadata = await runProgram(python.program, ['-c', script, unpacked], { env: python.env });
  await download(python, downloads, cudaRequirements(metadata.stdout), 2_810_000_000, onProgress);
  for (const file of await readdir(downloads)) {
    if (file.startsWith('nvidia_')) await unpack(python, path.join(downloads, file), unpacked, ['nvidia/']);
  }
}

/** The requirements of a wheel's extra `and-cuda`, in the form for pip. */
function cudaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+);\s*extra == ["']and-cuda["']/gm);
  return [...lines].map(([, requirement]) => requirement.replaceAll(' ', ''));
}
