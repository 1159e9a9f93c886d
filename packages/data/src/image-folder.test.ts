import {
  appendFile,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, it } from 'vitest';
import { packImageFolder, typicalShape } from './image-folder.ts';

let root: string;
let cacheDir: string;
beforeEach(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-images-'));
  [root, cacheDir] = [path.join(folder, 'pictures'), path.join(folder, 'cache')];
  await mkdir(root);
});

type Colour = { r: number; g: number; b: number; alpha?: number };
const [red, blue] = [
  { r: 255, g: 0, b: 0 },
  { r: 0, g: 0, b: 255 },
];

async function addImage(file: string, width: number, height: number, background: Colour): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  const channels = background.alpha === undefined ? 3 : 4;
  await sharp({ create: { width, height, channels, background } }).toFile(path.join(root, file));
}

const open = async (options: { channels?: 1 | 3; strict?: boolean } = {}) =>
  (await packImageFolder(root, { cacheDir, size: 8, channels: 3, ...options })).dataset;
async function pixelsOf(index: number, options: { channels?: 1 | 3 } = {}): Promise<Uint8Array> {
  const dataset = await open(options);
  const image = new Uint8Array(8 * 8 * dataset.channels);
  dataset.read([index], image);
  dataset.close();
  return image;
}

it('reads images of any format and size, resized and cropped, in the order of their names', async () => {
  await addImage('b.jpg', 40, 13, blue);
  await addImage('a.png', 3, 100, red);
  await addImage('c.webp', 8, 8, red);
  await addImage('d.avif', 20, 20, blue);
  await addImage('e.tiff', 9, 9, red);
  const dataset = await open();
  expect(dataset).toMatchObject({ name: 'pictures', count: 5, size: 8, channels: 3, leftOut: [], labels: undefined });
  expect([...(await pixelsOf(0)).subarray(0, 3)]).toEqual([255, 0, 0]);
  expect((await pixelsOf(1))[2]).toBeGreaterThan(250);
});

it('crops the middle instead of squeezing', async () => {
  const stripes = Buffer.from(
    Array.from({ length: 8 * 24 }, (_, i) => (i % 24 < 8 || i % 24 >= 16 ? [255, 255, 255] : [0, 0, 0])).flat(),
  );
  await sharp(stripes, { raw: { width: 24, height: 8, channels: 3 } })
    .png()
    .toFile(path.join(root, 'wide.png'));
  const image = await pixelsOf(0);
  expect(image[(4 * 8 + 4) * 3]).toBe(0);
  expect(Math.max(...image.subarray(4 * 24 + 6, 4 * 24 + 18))).toBeLessThan(30);
});

it('composites transparent pictures over white, and converts colours to gray', async () => {
  await addImage('clear.png', 8, 8, { ...red, alpha: 0 });
  expect(new Set(await pixelsOf(0))).toEqual(new Set([255]));
  const gray = await pixelsOf(0, { channels: 1 });
  expect([gray.length, gray[0]]).toEqual([64, 255]);
});

it('scales 16 bits to 8, in gray and in colour, and leaves out pixels whose white is not known', async () => {
  for (const channels of [1, 3] as const) {
    const half = new Uint16Array(64 * channels).fill(0x8000);
    await sharp(half, { raw: { width: 8, height: 8, channels } })
      .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
      .toFile(path.join(root, `${channels}.png`));
  }
  for (const name of ['float-gray.tif', 'float-rgb.tif'])
    await cp(new URL(`testing/${name}`, import.meta.url), path.join(root, name));
  const dataset = await open();
  expect(dataset.count).toBe(2);
  expect(dataset.leftOut).toEqual(
    ['float-gray.tif', 'float-rgb.tif'].map((file) => ({
      file,
      reason: 'its pixels have the type float; it must have 8 or 16 bits a channel',
    })),
  );
  for (const index of [0, 1])
    for (const channels of [1, 3] as const)
      expect(new Set(await pixelsOf(index, { channels }))).toEqual(new Set([128]));
});

it("labels each image with its folder's name", async () => {
  await addImage('cats/1.png', 8, 8, red);
  await addImage('cats/2.png', 8, 8, red);
  await addImage('dogs/small/1.png', 8, 8, blue);
  const { labels } = await open();
  expect(labels).toEqual({ names: ['cats', 'dogs/small'], values: Uint16Array.of(0, 0, 1) });
});

it('leaves out files that cannot be read, with a reason, also at the next start; if strict, it throws', async () => {
  await addImage('good.png', 8, 8, red);
  await writeFile(path.join(root, 'broken.jpg'), 'not a picture');
  await writeFile(path.join(root, 'empty.png'), '');
  await writeFile(
    path.join(root, 'vector.png'),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  await addImage('torn.png', 200, 200, blue);
  await appendFile(path.join(root, 'good.png'), '');
  const torn = path.join(root, 'torn.png');
  await writeFile(torn, (await sharp(torn).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 5000));
  for (let start = 0; start < 2; start++) {
    const dataset = await open();
    expect(dataset.count).toBe(1);
    expect(dataset.leftOut.map(({ file }) => file)).toEqual(['broken.jpg', 'empty.png', 'torn.png', 'vector.png']);
    expect(dataset.leftOut[3].reason).toBe('it is svg, whatever its name says');
    for (const { reason } of dataset.leftOut) expect(reason).not.toBe('');
  }
  await expect(open({ strict: true })).rejects.toMatchObject({
    code: 'broken-image',
    message: expect.stringContaining('broken.jpg cannot be used'),
    advice: expect.stringContaining('--strict-data'),
  });
  await rm(cacheDir, { recursive: true });
  await expect(open({ strict: true })).rejects.toMatchObject({ code: 'broken-image' });
});

it('leaves out what cannot be opened and pictures that are not read, by name, and uses the others', async () => {
  for (const file of ['a.png', 'b.jpg', 'sub/c.png']) await addImage(file, 8, 8, red);
  await rename(path.join(root, 'b.jpg'), path.join(root, 'b.JFIF'));
  await cp(path.join(root, 'b.JFIF'), path.join(root, 'd.jpe'));
  await writeFile(Buffer.from(`${root}/Mu\xf1oz.png`, 'latin1'), await readFile(path.join(root, 'a.png')));
  await writeFile(Buffer.from(`${root}/a\xf1o.txt`, 'latin1'), 'no picture');
  await writeFile(path.join(root, 'old.bmp'), 'BM');
  await writeFile(path.join(root, 'notes.txt'), '');
  await symlink('/etc/hostname', path.join(root, 'link.png'));
  await mkdir(path.join(root, 'lost+found'), { mode: 0 });
  const asOther = process.geteuid?.() === 0;
  for (const folder of [path.dirname(root), root]) await chmod(folder, 0o777);
  // The user root may open every folder.
  if (asOther) process.seteuid?.(65_534);
  try {
    const dataset = await open();
    expect(dataset.count).toBe(4);
    expect(dataset.leftOut).toEqual([
      { file: 'Mu\\xf1oz.png', reason: 'its name is not UTF-8' },
      { file: 'link.png', reason: 'it is a link or no file' },
      { file: 'lost+found/', reason: 'the folder cannot be opened (EACCES)' },
      { file: 'old.bmp', reason: '.bmp files are not read' },
    ]);
    await expect(open({ strict: true })).rejects.toMatchObject({ code: 'broken-image' });
  } finally {
    if (asOther) process.seteuid?.(0);
  }
});

it('refuses a picture with too many pixels before it is decoded', async () => {
  await addImage('bomb.png', 20_000, 10_000, red);
  await addImage('good.png', 8, 8, red);
  expect((await open()).leftOut).toMatchObject([{ file: 'bomb.png', reason: expect.stringContaining('pixel limit') }]);
});

it('follows no links and reads nothing hidden', async () => {
  await addImage('good.png', 8, 8, red);
  await addImage('.thumbnails/hidden.png', 8, 8, blue);
  await symlink('/etc/hostname', path.join(root, 'link.png'));
  await symlink('/', path.join(root, 'everything'));
  expect((await open()).count).toBe(1);
});

it('is opened again without decoding, unless it has changed', async () => {
  await addImage('a.png', 8, 8, red);
  const progress: number[] = [];
  const openCounted = () =>
    packImageFolder(root, { cacheDir, size: 8, channels: 3, onProgress: (done) => void progress.push(done) });
  const first = await openCounted();
  const { digest } = first.dataset;
  const second = await openCounted();
  expect([second.dataset.digest, second.file]).toEqual([digest, first.file]);
  expect([first.wasPacked, second.wasPacked]).toEqual([false, true]);
  expect(progress).toEqual([1]);
  await addImage('a.png', 8, 8, blue);
  await utimes(path.join(root, 'a.png'), 1, 1);
  expect((await openCounted()).dataset.digest).not.toBe(digest);
  expect(await readdir(path.join(cacheDir, 'data'))).toHaveLength(1);
});

it('says that there is no image', async () => {
  await expect(open()).rejects.toMatchObject({
    code: 'no-images',
    message: expect.stringContaining('It is empty'),
  });
  await writeFile(path.join(root, 'notes.txt'), '');
  await expect(open()).rejects.toMatchObject({ code: 'no-images' });
  await writeFile(path.join(root, 'a.png'), 'x');
  await expect(open()).rejects.toMatchObject({
    code: 'no-images',
    message: expect.stringContaining('None of its 1 could be read. a.png:'),
  });
});

it('finds the median of the shorter sides of the pictures, and whether all are gray', async () => {
  expect(await typicalShape(root)).toBeUndefined();
  const gray = async (name: string, width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#777777' } })
      .toColourspace('b-w')
      .toFile(path.join(root, name));
  for (const [name, width, height] of [
    ['a.png', 90, 40],
    ['b.png', 30, 200],
    ['c.png', 300, 300],
  ] as const)
    await gray(name, width, height);
  await writeFile(path.join(root, 'torn.jpg'), 'half a picture');
  expect(await typicalShape(root)).toEqual({ size: 40, channels: 1 });
  await addImage('d.png', 50, 60, red);
  expect(await typicalShape(root)).toEqual({ size: 50, channels: 3 });
});
