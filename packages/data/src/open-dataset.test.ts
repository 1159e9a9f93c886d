import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openDataset } from './open-dataset.ts';

it('fetches and packs the digits through npm, with the pixels that were published', async () => {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-data-'));
  const dataset = await openDataset('digits', { cacheDir, size: 32, channels: 1 });
  expect(dataset).toMatchObject({ name: 'digits', count: 10_000, size: 32, channels: 1 });
  expect(dataset.digest).toBe('5a4928a5e47ec78312386186a11f14c9a55d25e43520490aa42253a7abdfafc0');
  expect((await readdir(path.join(cacheDir, 'data'))).length).toBe(1);
  const { names = [], values = new Uint16Array() } = dataset.labels ?? {};
  expect(names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(names.map((_, digit) => values.filter((value) => value === digit).length)).toEqual([
    1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978,
  ]);
  // If the packed file is damaged, the data set is packed again.
  const file = path.join(cacheDir, 'data', (await readdir(path.join(cacheDir, 'data')))[0]);
  await writeFile(file, (await readFile(file)).subarray(0, 100_000));
  expect((await openDataset('digits', { cacheDir, size: 32, channels: 1 })).digest).toBe(dataset.digest);
});

it('composites the emoji over white', async () => {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-data-'));
  const done: number[] = [];
  const dataset = await openDataset('emoji', {
    cacheDir,
    size: 64,
    channels: 3,
    onProgress: (images) => void done.push(images),
  });
  await rm(cacheDir, { recursive: true });
  expect(done.at(-1)).toBe(3786);
  expect(dataset).toMatchObject({ count: 3786, size: 64, channels: 3 });
  expect(dataset.digest).toBe('e63cfab9842405ed8130c712ac791db74d9c095a535b4fbd7774d0bb57ef651b');
  const image = new Uint8Array(64 * 64 * 3);
  dataset.read([1000], image);
  expect([...image.subarray(0, 3)]).toEqual([255, 255, 255]);
  const { names = [], values = new Uint16Array() } = dataset.labels ?? {};
  expect(values.filter((value) => names[value] === 'Flags')).toHaveLength(270);
  expect(values.filter((value) => names[value] === 'People & Body')).toHaveLength(2261);
});

it('suggests the data set that was probably meant', async () => {
  const opening = openDataset('emojis', { cacheDir: tmpdir(), size: 64, channels: 3 });
  await expect(opening).rejects.toMatchObject({ code: 'unknown-dataset', advice: 'Did you mean --data emoji?' });
});

it.each([
  ['./nowhere', 'There is no folder ./nowhere.', 'Check the path after --data.'],
  ['~/nowhere', 'There is no folder ~/nowhere.', 'Only a shell replaces ~'],
  ['https://example.org/photos.zip', 'https://example.org/photos.zip is an address;', 'Download the images'],
  ['photos.zip', 'photos.zip is a file; images are read from a folder.', 'unzip FILE -d FOLDER'],
  ['photos.tar.gz', 'photos.tar.gz is a file;', 'tar xf FILE'],
  ['photos.npz', 'photos.npz is a file;', 'Write its images into a folder, as PNG files'],
  ['photo.jpg', 'photo.jpg is a file;', 'Give the folder that has the images.'],
  ['photo.jpg/below', 'photo.jpg/below lies below a file.', 'Check the path'],
  ['empty', 'empty holds no images. It is empty.', 'Give a folder with JPEG'],
  ['outer', 'outer holds no images. It has folders without pictures.', 'Give a folder with JPEG'],
  ['packed', 'packed holds no images. It has other files, such as photos.zip.', 'unzip FILE -d FOLDER'],
])('says what %s is, if it is no folder with images', async (name, message, advice) => {
  const place = await mkdtemp(path.join(tmpdir(), 'lstm-gan-places-'));
  for (const file of ['photos.zip', 'photos.tar.gz', 'photos.npz', 'photo.jpg'])
    await writeFile(path.join(place, file), '');
  for (const folder of ['empty', 'packed', 'outer', 'outer/inner']) await mkdir(path.join(place, folder));
  await writeFile(path.join(place, 'packed', 'photos.zip'), '');
  const before = process.cwd();
  process.chdir(place);
  try {
    await expect(openDataset(name, { cacheDir: place, size: 8, channels: 3 })).rejects.toMatchObject({
      message: expect.stringContaining(message),
      advice: expect.stringContaining(advice),
    });
  } finally {
    process.chdir(before);
  }
});
