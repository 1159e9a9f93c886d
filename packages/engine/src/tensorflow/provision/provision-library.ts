/**
 * Puts TensorFlow's library into the cache: the libraries and headers in a wheel are unpacked. The unpacked folder gets
 * its final name last, so unpacking is repeated after an interruption. A wheel that has arrived intact is not
 * downloaded again.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTemporary, runProgram } from '@lstm-gan/system';
import type { TensorFlowPaths } from './cache-folder.ts';
import { downloadWheels, fetchWheel, unpackWheel } from './fetch-wheel.ts';
import type { Python } from './find-python.ts';
import type { OnProvisionProgress } from './provision-progress.ts';
import { wheels, type TensorFlowVariant } from './release.ts';
import { replaceFolder } from './replace-folder.ts';

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
  const wheel = await fetchWheel(python, downloads, release, onProgress);
  onProgress({ stage: 'unpack', doneBytes: 0, totalBytes: release.unpackedBytes });
  const unpacked = createTemporary(cacheDir);
  try {
    await unpackWheel(python, wheel, unpacked.path, tensorflowFiles);
    if (variant === 'gpu') await addCuda(python, downloads, unpacked.path, onProgress);
    const marker = { wheel: release.file, sha256: release.sha256 };
    await writeFile(path.join(unpacked.path, 'library.json'), JSON.stringify(marker));
    await replaceFolder(unpacked.path, paths.root, confirm);
    await rm(downloads, { recursive: true, force: true });
  } finally {
    unpacked.remove();
  }
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
  await downloadWheels(python, downloads, cudaRequirements(metadata.stdout), 2_810_000_000, onProgress);
  for (const file of await readdir(downloads)) {
    if (file.startsWith('nvidia_')) await unpackWheel(python, path.join(downloads, file), unpacked, ['nvidia/']);
  }
}

/** The requirements of a wheel's extra `and-cuda`, in the form for pip. */
function cudaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+);\s*extra == ["']and-cuda["']/gm);
  return [...lines].map(([, requirement]) => requirement.replaceAll(' ', ''));
}
