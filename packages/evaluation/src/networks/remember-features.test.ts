import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Images } from '../images.ts';
import type { FeatureNetwork } from './feature-network.ts';
import { rememberFeatures } from './remember-features.ts';

let cacheDir: string;
let computed: number;
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-features-'));
  computed = 0;
});

/** A network whose features are the first two pixels of an image, and its probabilities the shares of the others. */
const network = (key: string, classes?: string[]): FeatureNetwork => ({
  name: 'corners',
  description: 'corners',
  key,
  ...(classes && { classes }),
  compute: ({ pixels, count }) => {
    computed++;
    const rows = (first: number) =>
      Float32Array.from({ length: 2 * count }, (_, k) => pixels[4 * (k >> 1) + first + (k & 1)]);
    return Promise.resolve({ values: rows(0), width: 2, ...(classes && { probabilities: rows(2) }) });
  },
});
const images = (first: number): Images => ({
  pixels: Uint8Array.from({ length: 12 }, (_, k) => first + k),
  count: 3,
  size: 2,
  channels: 1,
});

it('computes features once for each network and for each set of images', async () => {
  const classifier = network('a', ['odd', 'even']);
  const features = await rememberFeatures(images(0), classifier, cacheDir);
  expect(features).toEqual({
    values: Float32Array.of(0, 1, 4, 5, 8, 9),
    width: 2,
    probabilities: Float32Array.of(2, 3, 6, 7, 10, 11),
  });
  expect(await rememberFeatures(images(0), classifier, cacheDir)).toEqual(features);
  expect(computed).toBe(1);
  expect((await rememberFeatures(images(1), classifier, cacheDir)).values[0]).toBe(1);
  expect((await rememberFeatures(images(0), network('b'), cacheDir)).probabilities).toBeUndefined();
  expect(computed).toBe(3);
});

it('computes them again if their file is damaged, and keeps the 32 files that were used last', async () => {
  const folder = path.join(cacheDir, 'features');
  await rememberFeatures(images(0), network('a'), cacheDir);
  const [first] = await readdir(folder);
  await writeFile(path.join(folder, first), 'half of them');
  expect((await rememberFeatures(images(0), network('a'), cacheDir)).values[1]).toBe(1);
  expect(computed).toBe(2);
  for (let k = 1; k < 40; k++) await rememberFeatures(images(k), network('a'), cacheDir);
  expect(await readdir(folder)).toHaveLength(32);
  await rememberFeatures(images(39), network('a'), cacheDir);
  expect(computed).toBe(41);
});
