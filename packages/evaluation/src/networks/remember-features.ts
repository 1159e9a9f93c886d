import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '@lstm-gan/core';
import { explainWriteError, makeFolder, writeAtomically } from '@lstm-gan/system';
import type { Images } from '../images.ts';
import type { Features, FeatureNetwork } from './feature-network.ts';

/** More files are not kept: those that were not used for the longest time are removed. */
const mostFiles = 32;

/**
 * Returns the features of images: from the cache if they were computed before, by the same network of the same pixels.
 * @param cacheDir features are kept in its subfolder `features`
 */
export async function rememberFeatures(
  images: Images,
  network: FeatureNetwork,
  cacheDir: string,
  onProgress?: (done: number) => void,
): Promise<Features> {
  const { pixels, count, size, channels } = images;
  const key = createHash('sha256')
    .update(JSON.stringify([network.key, count, size, channels]))
    .update(pixels)
    .digest('hex');
  const file = path.join(cacheDir, 'features', `${network.name}-${key.slice(0, 16)}.safetensors`);
  const known = await readFeatures(file, images, network.classes?.length);
  if (known !== undefined) return known;
  const features = await network.compute(images, onProgress);
  await writeFeatures(file, count, features);
  await removeOldest(path.dirname(file));
  return features;
}

/** Reads features. Undefined if there are none, or if the file is damaged: they are then computed again. */
async function readFeatures(file: string, { count }: Images, classes = 0): Promise<Features | undefined> {
  try {
    const { tensors } = decodeSafetensors(await readFile(file));
    const [values, probabilities] = ['values', 'probabilities'].map((name) => tensors.get(name));
    if (values?.dtype !== 'F32' || values.shape[0] !== count || values.shape.length !== 2) return undefined;
    const now = new Date();
    // A cache that can only be read is used all the same.
    await utimes(file, now, now).catch(() => undefined);
    const features = { values: Float32Array.from(values.data), width: values.shape[1] };
    if (classes === 0) return features;
    if (probabilities?.dtype !== 'F32' || probabilities.data.length !== count * classes) return undefined;
    return { ...features, probabilities: Float32Array.from(probabilities.data) };
  } catch {
    return undefined;
  }
}

async function writeFeatures(file: string, count: number, { values, probabilities }: Features): Promise<void> {
  const tensorOf = (name: string, data: Float32Array): NamedTensor => ({
    name,
    dtype: 'F32',
    shape: [count, data.length / count],
    data,
  });
  const tensors = [
    tensorOf('values', values),
    ...(probabilities === undefined ? [] : [tensorOf('probabilities', probabilities)]),
  ];
  try {
    await makeFolder(path.dirname(file));
    await writeAtomically(file, encodeSafetensors(tensors));
  } catch (error) {
    throw explainWriteError(file, error, 'Choose another cache with --cache-dir.');
  }
}

/** What cannot be removed only takes room. */
async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      return { file, usedMs: (await stat(file).catch(() => ({ mtimeMs: 0 }))).mtimeMs };
    }),
  );
  const old = files.sort((a, b) => b.usedMs - a.usedMs).slice(mostFiles);
  for (const { file } of old) await rm(file, { force: true }).catch(() => undefined);
}
