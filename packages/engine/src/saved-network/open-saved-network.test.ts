import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultCacheDir } from '../tensorflow/provision/cache-folder.ts';
import { writeGraphModel, writeLayersModel, writeSavedModel } from '../testing/write-networks.ts';
import { openSavedNetwork, type SavedNetwork } from './open-saved-network.ts';
import { readNetworkFiles } from './read-network-files.ts';

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-networks-'));
  await writeSavedModel(at('saved'));
  await writeGraphModel(at('graph'));
  await writeLayersModel(at('layers'), 2);
});

async function open(place: string): Promise<SavedNetwork> {
  const cacheDir = defaultCacheDir(process.env, homedir());
  return openSavedNetwork(place, await readNetworkFiles(place), { cacheDir, threads: 1 });
}

/** Two images [4, 4, 3] whose pixels are 0, 1, 2, ... and their means of each channel. */
const images = Float32Array.from({ length: 2 * 48 }, (_, k) => k);
const means = [22.5, 23.5, 24.5, 70.5, 71.5, 72.5];

it.each<[string, () => string, number, SavedNetwork['size']]>([
  ['a SavedModel', () => at('saved'), 1, undefined],
  ['a graph model in a folder', () => at('graph'), 1, [4, 4]],
  ['a layers model by its file', () => at('layers', 'model.json'), 2, [4, 4]],
])('runs %s', async (_name, place, factor, size) => {
  const network = await open(place());
  expect(network).toMatchObject({ channels: 3 });
  expect([network.size, network.batch]).toEqual([size, undefined]);
  expect([...(await network.run(images, 2, [4, 4]))]).toEqual(means.map((value) => factor * value));
});

it('takes everything that decides the numbers into the hash', async () => {
  const hash = async (place: string): Promise<string> => (await readNetworkFiles(place)).sha256;
  const before = await hash(at('layers'));
  expect(await hash(at('layers', 'model.json'))).toBe(before);
  const weights = await readFile(at('layers', 'weights.bin'));
  await writeLayersModel(at('layers'), 3);
  expect(await hash(at('layers'))).not.toBe(before);
  await writeFile(at('layers', 'weights.bin'), weights);
  expect(await hash(at('layers'))).toBe(before);
  const saved = await hash(at('saved'));
  await writeSavedModel(at('other'), 4);
  expect(await hash(at('other'))).not.toBe(saved);
});

describe('refuses', () => {
  it.each<[string, (place: string) => Promise<unknown>, RegExp]>([
    ['a folder without a network', (place) => writeFile(`${place}.txt`, ''), /There is no network at /],
    ['a file that is no JSON', (place) => writeFile(`${place}.json`, 'model'), /it is no model\.json of tfjs/],
    ['other JSON', (place) => writeFile(`${place}.json`, '{"modelTopology": 1}'), /it is no model\.json of tfjs/],
    [
      'weights in another folder',
      (place) => writeManifest(`${place}.json`, '../weights.bin'),
      /names "\.\.\/weights\.bin", which is in another folder/,
    ],
    [
      'weights that are not there',
      (place) => writeManifest(`${place}.json`, 'none.bin'),
      /there is no such file|none\.bin/,
    ],
    [
      'weights that end early',
      async (place) => {
        await writeLayersModel(place, 1);
        await writeFile(path.join(place, 'weights.bin'), 'short');
      },
      /cannot be used: /,
    ],
    [
      'a damaged SavedModel',
      async (place) => {
        await writeSavedModel(place);
        await writeFile(path.join(place, 'saved_model.pb'), 'half a model');
      },
      /cannot be used: /,
    ],
    ['channels that are no image', (place) => writeSavedModel(place, 4, 5), /its input has the shape \[any, 4, 4, 5\]/],
  ])('%s', async (name, write, sentence) => {
    const place = at(name.replaceAll(' ', '-'));
    await write(place);
    await expect(open(existsSync(`${place}.json`) ? `${place}.json` : place)).rejects.toMatchObject({
      code: expect.stringMatching(/^(no-network|network-not-usable)$/) as string,
      message: expect.stringMatching(sentence) as string,
    });
  });

  async function writeManifest(file: string, weights: string): Promise<void> {
    const weightsManifest = [{ paths: [weights], weights: [] }];
    await writeFile(file, JSON.stringify({ modelTopology: {}, weightsManifest }));
  }

  it('images that the network does not take', async () => {
    const network = await open(at('graph'));
    await expect(network.run(images.subarray(0, 3), 1, [1, 1])).rejects.toMatchObject({ code: 'network-not-usable' });
  });
});
