import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { defaultCacheDir } from '@lstm-gan/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { findOwnNetwork, openOwnNetwork, type PixelRange } from './open-own-network.ts';

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-own-'));
  await writePool(at('means'), [null, 2, 2, 3], 'GlobalAveragePooling2D');
});

/** Writes a layers model of tfjs with one layer and no weights. */
async function writePool(place: string, shape: (number | null)[], layer: string, extra: object = {}): Promise<void> {
  const input = { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: shape, dtype: 'float32' } };
  const pool = { class_name: layer, config: { name: 'y', data_format: 'channels_last', ...extra } };
  const model = { class_name: 'Sequential', config: { name: 'pool', layers: [input, pool] } };
  await mkdir(place, { recursive: true });
  const modelTopology = { keras_version: '2.15.0', backend: 'tensorflow', model_config: model };
  await writeFile(path.join(place, 'model.json'), JSON.stringify({ modelTopology, weightsManifest: [] }));
}

async function open(place: string, range: PixelRange = '-1..1') {
  const options = { cacheDir: defaultCacheDir(process.env, homedir()), threads: 1 };
  return openOwnNetwork(await findOwnNetwork(place, range), options);
}

/** 35 images: more than a batch, and no multiple of it. Image k is gray of the value k. */
const images = {
  pixels: Uint8Array.from({ length: 35 * 4 }, (_, k) => k >> 2),
  count: 35,
  size: 2,
  channels: 1,
} as const;

it.each<[PixelRange, (pixel: number) => number]>([
  ['0..255', (pixel) => pixel],
  ['0..1', (pixel) => pixel / 255],
  ['-1..1', (pixel) => pixel / 127.5 - 1],
])('gives the pixels as numbers %s', async (range, value) => {
  const network = await open(at('means'), range);
  const { values, width } = await network.compute(images);
  expect(width).toBe(3);
  const expected = Array.from({ length: 35 * 3 }, (_, k) => value(Math.floor(k / 3)));
  expect(Math.max(...expected.map((number, k) => Math.abs(number - values[k])))).toBeLessThan(1e-6);
});

it('takes images of any size in fixed batches, and flattens maps', async () => {
  await writePool(at('maps'), [4, null, null, 1], 'AveragePooling2D', {
    pool_size: [1, 1],
    strides: [1, 1],
    padding: 'valid',
  });
  const { values, width } = await (await open(at('maps'), '0..255')).compute(images);
  expect(width).toBe(4);
  expect([...values]).toEqual([...images.pixels]);
});

it('has a name of its own for each file, content and range, which a terminal can show', async () => {
  const name = async (place: string, range: PixelRange = '-1..1') => (await findOwnNetwork(place, range)).name;
  expect(await name(at('means'))).toMatch(/^means-[0-9a-f]{8}$/);
  expect(await name(at('means', 'model.json'))).toBe(await name(at('means')));
  expect(await name(at('means'), '0..1')).not.toBe(await name(at('means')));
  await writePool(at('other'), [null, 4, 4, 3], 'GlobalAveragePooling2D');
  expect((await name(at('other'))).slice(-8)).not.toBe((await name(at('means'))).slice(-8));
  await rename(at('other'), at('odd \u001b[31m name'));
  expect(await name(at('odd \u001b[31m name'))).toMatch(/^odd-31m-name-[0-9a-f]{8}$/);
});

describe('refuses a network', () => {
  it.each<[string, () => Promise<void>, RegExp]>([
    ['of oblong images', () => writePool(at('oblong'), [null, 4, 8, 3], 'GlobalAveragePooling2D'), /8x4 pixels/],
    ['of too many features', () => writePool(at('many'), [null, 64, 64, 3], 'Flatten'), /12288 features/],
  ])('%s', async (name, write, sentence) => {
    await write();
    const place = at(name.includes('oblong') ? 'oblong' : 'many');
    const computing = open(place).then((network) => network.compute(images));
    await expect(computing).rejects.toMatchObject({ code: 'network-not-usable' });
    await expect(computing).rejects.toThrow(sentence);
  });
});
