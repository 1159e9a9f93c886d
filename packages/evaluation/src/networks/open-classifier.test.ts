import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { defaultCacheDir, openEngine, type Engine } from '@lstm-gan/engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClassifier } from './open-classifier.ts';
import type { LabelledImages } from './train-classifier.ts';

const size = 32;
const names = ['across', 'down', 'checks'];

/** Stripes of a random width and strength: across, down, or both. */
function makeStripes(count: number, channels: 1 | 3): LabelledImages & { readonly pixels: Uint8Array } {
  const values = Uint16Array.from({ length: count }, (_, index) => index % names.length);
  const imageBytes = size * size * channels;
  const pixels = Uint8Array.from({ length: count * imageBytes }, (_, i) => {
    const [index, place] = [Math.floor(i / imageBytes), Math.floor((i % imageBytes) / channels)];
    const [width, strength] = [2 + (index % 5), 60 + ((index * 37) % 160)];
    const [x, y] = [place % size, Math.floor(place / size)].map((at) => Math.floor(at / width) % 2);
    return strength * [y, x, (x + y) % 2][values[index]];
  });
  return {
    name: 'stripes of mine',
    count,
    size,
    channels,
    digest: `stripes ${count}`,
    labels: { names, values },
    pixels,
    read(indices, into) {
      for (let k = 0; k < indices.length; k++)
        into.set(pixels.subarray(indices[k] * imageBytes, (indices[k] + 1) * imageBytes), k * imageBytes);
    },
  };
}

let cacheDir: string;
let engine: Engine;
beforeAll(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-classifier-'));
  engine = await openEngine('graph', {
    cacheDir: defaultCacheDir(process.env, homedir()),
    threads: 1,
    device: 'cpu',
  });
});
afterAll(() => engine.close());

/** Opens a classifier of the stripes, and tells whether it was trained. */
async function open(images: LabelledImages, seed = 1, folder = cacheDir) {
  let trained = false;
  const onProgress = (): void => void (trained = true);
  const classifier = await openClassifier(images, { cacheDir: folder, engine, seed, steps: 40, onProgress });
  return { classifier, trained };
}

it('learns labelled images, keeps what it learned, and gives the same features from the cache', async () => {
  const images = makeStripes(300, 1);
  const { pixels, count } = images;
  const first = await open(images);
  expect(first.trained).toBe(true);
  expect(first.classifier).toMatchObject({ name: 'stripes-of-mine', classes: names });
  expect(first.classifier.accuracy).toBeGreaterThan(0.9);
  expect(first.classifier.description).toMatch(/right on \d+\.\d % of 30 images that it has not seen/);
  const given = { pixels, count, size, channels: 1 } as const;
  const features = await first.classifier.compute(given);
  expect(features).toMatchObject({ width: 128, values: { length: count * 128 }, probabilities: { length: count * 3 } });
  const right = Array.from({ length: count }, (_, index) => {
    const row = features.probabilities?.subarray(index * 3, index * 3 + 3) ?? new Float32Array();
    return row.indexOf(Math.max(...row)) === images.labels?.values[index];
  }).filter(Boolean).length;
  expect(right / count).toBeGreaterThan(0.9);

  const second = await open(images);
  expect(second.trained).toBe(false);
  expect(await second.classifier.compute(given)).toEqual(features);

  // In another cache it is trained again, and becomes the same.
  const other = await mkdtemp(path.join(tmpdir(), 'lstm-gan-classifier-'));
  const third = await open(images, 1, other);
  expect(third.trained).toBe(true);
  expect(await third.classifier.compute(given)).toEqual(features);

  // A part of a batch has the features of the whole.
  const few = await first.classifier.compute({ ...given, count: 3, pixels: pixels.subarray(0, 3 * size * size) });
  expect(few.values).toEqual(features.values.slice(0, 3 * 128));
});

it('trains anew for another seed, other labels, and a damaged file', async () => {
  const images = makeStripes(120, 3);
  expect((await open(images)).trained).toBe(true);
  expect((await open(images)).trained).toBe(false);
  expect((await open(images, 2)).trained).toBe(true);
  const values = images.labels?.values.map((label) => (label + 1) % 3) ?? new Uint16Array();
  expect((await open({ ...images, labels: { names, values } })).trained).toBe(true);
  const folder = path.join(cacheDir, 'networks');
  const files = await readdir(folder);
  expect(files.filter((file) => !file.endsWith('.safetensors'))).toEqual([]);
  for (const file of files) await writeFile(path.join(folder, file), 'half a classifier');
  expect((await open(images)).trained).toBe(true);
});

it('takes images of any size, gray and RGB', async () => {
  const { classifier } = await open(makeStripes(120, 3));
  const pixels = new Uint8Array(2 * 8 * 8).fill(90);
  const { values } = await classifier.compute({ pixels, count: 2, size: 8, channels: 1 });
  expect(values).toHaveLength(2 * 128);
  expect(values.slice(0, 128)).toEqual(values.slice(128));
});

it('refuses images without labels, with one label, and too few', async () => {
  const images = makeStripes(120, 1);
  await expect(open({ ...images, labels: undefined })).rejects.toThrow('its images have no labels');
  const values = new Uint16Array(120);
  await expect(open({ ...images, labels: { names, values } })).rejects.toThrow('its images have no labels');
  await expect(open(makeStripes(99, 1))).rejects.toThrow('it has 99 images, and 100 are needed');
});
