/**
 * A user's own folder of images: any format of `formats`, any size, in nested folders whose names are the labels. The
 * files are not trusted: links are not followed, formats that can contain programs are not read, and the bytes and
 * pixels of a picture are limited before it is decoded. A picture or folder that cannot be read is left out, and named
 * in `leftOut`; the others are used.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { ImageShape } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { adviceOf, reasonOf } from '@lstm-gan/system';
import sharp from 'sharp';
import type { Dataset, Labels, LeftOut, PackedDataset } from './dataset.ts';
import type { DecodedImages } from './decoded-images.ts';
import { adviceForFile } from './no-folder.ts';
import { openPacked, writePacked } from './packed-dataset.ts';

const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'jp2', 'jxl'];
const extension = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|heic|jp2|jxl)$/i;
/** Files named like this are pictures too, but are not read. */
const otherExtension = /\.(bmp|svg|psd|ico|tga|p[bgpn]m|exr|hdr|dng|cr2|cr3|nef|arw|raf|orf|rw2)$/i;
/**
 * Types of pixels whose white is known: the largest number of the type. In a file of floats, white may be 1, 255 or
 * anything. The names are those of libvips.
 */
const depths = ['uchar', 'ushort'];
const maxFileBytes = 256 * 1024 * 1024;
const maxPixels = 100_000_000;

/** The shape that images are converted to, and how files that cannot be read are treated. */
export interface ImageFolderOptions extends ImageShape {
  /** Packed images are kept in its subfolder `data`. */
  readonly cacheDir: string;
  /** Whether a file that cannot be read is an error. By default it is left out. */
  readonly strict?: boolean;
  /** Called with the number of images done. */
  readonly onProgress?: (done: number, total: number) => void;
}

interface ImageFile {
  /** The path below the folder, with / between its parts. */
  readonly file: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/**
 * Opens a folder of images. If it is new or has changed since it was packed, its images are decoded and packed first.
 */
export async function packImageFolder(folder: string, options: ImageFolderOptions): Promise<PackedDataset> {
  const { cacheDir, size, channels, strict = false, onProgress = () => undefined } = options;
  const { files, leftOut } = listImages(folder);
  if (files.length === 0) {
    const [first] = leftOut;
    if (first === undefined) throw noPictures(folder);
    const detail = `${first.file}: ${first.reason}.`;
    throw noImages(folder, 'There is no file in it that is named like one', detail);
  }
  if (strict && leftOut.length > 0) throw brokenImage(folder, leftOut);
  const prefix = `folder-${shortHash(path.resolve(folder))}-${size}x${channels}-`;
  // The types of pixels are a part of the name: files that were packed under another rule are packed again.
  const contents = shortHash(JSON.stringify([files, leftOut, depths, sharp.versions.vips]));
  const packed = path.join(cacheDir, 'data', `${prefix}${contents}.bin`);
  const known = openPacked(packed);
  if (known !== undefined)
    return { dataset: strict ? refuseLeftOut(folder, known) : known, file: packed, wasPacked: true };
  await writePacked(
    packed,
    path.basename(path.resolve(folder)),
    { size, channels },
    decodeImages(folder, files, leftOut, { size, channels }, strict, onProgress),
  );
  // What cannot be removed only takes room.
  await removeOlder(packed, prefix).catch(() => undefined);
  const dataset = openPacked(packed);
  if (dataset !== undefined) return { dataset, file: packed, wasPacked: false };
  throw new UserError({
    code: 'data-damaged',
    message: `${packed} cannot be read back.`,
    advice: 'Check the disk, then run the command again.',
  });
}

/**
 * The shape of the first picture of a folder that can be read: the shorter of its sides; gray, or RGB. Throws a
 * UserError if the folder holds no picture.
 */
export async function shapeOfFirstImage(folder: string): Promise<ImageShape> {
  const { files } = listImages(folder);
  for (const { file } of files) {
    const { width, height, channels } = await sharp(path.join(folder, file))
      .metadata()
      .catch(() => ({ width: 0, height: 0, channels: 0 }));
    if (width > 0 && height > 0) return { size: Math.min(width, height), channels: channels < 3 ? 1 : 3 };
  }
  throw noImages(folder, 'There is no file in it that can be read as one', 'Links are not followed.');
}

/** At most so many pictures of a folder are looked at to find a shape. */
const mostExamined = 1000;

/**
 * The shape that fits the pictures of a folder: the median of their shorter sides, and gray if the files of all are
 * gray, otherwise RGB. Looks at 1,000 pictures at most, spread evenly over the sorted names. Undefined if none of them
 * can be read.
 */
export async function typicalShape(folder: string): Promise<ImageShape | undefined> {
  const { files } = listImages(folder);
  const count = Math.min(files.length, mostExamined);
  const examined = Array.from({ length: count }, (_, k) => files[Math.floor((k * files.length) / count)]);
  const sides: number[] = [];
  let channels: 1 | 3 = 1;
  for (const { file, bytes } of examined) {
    if (bytes > maxFileBytes) continue;
    const found = await sharp(path.join(folder, file), { limitInputPixels: maxPixels })
      .metadata()
      .catch(() => undefined);
    if (found === undefined) continue;
    sides.push(Math.min(found.width, found.height));
    if (found.channels >= 3) channels = 3;
  }
  if (sides.length === 0) return undefined;
  sides.sort((a, b) => a - b);
  return { size: sides[sides.length >> 1], channels };
}

/**
 * The images, and the entries that cannot be used, both sorted, so that their order does not depend on the file system.
 * Synchronous, because a hundred thousand promises take seconds.
 */
function listImages(folder: string): { readonly files: readonly ImageFile[]; readonly leftOut: readonly LeftOut[] } {
  const files: ImageFile[] = [];
  const leftOut: LeftOut[] = [];
  try {
    for (const found of findImages(folder, '')) {
      if ('reason' in found) leftOut.push(found);
      else files.push(found);
    }
  } catch (cause) {
    throw new UserError({
      code: 'data-not-readable',
      message: `${folder} cannot be read: ${reasonOf(cause)}.`,
      advice: adviceOf(cause, 'Check the path and its permissions.'),
      cause,
    });
  }
  const byName = (a: { file: string }, b: { file: string }): number => (a.file < b.file ? -1 : 1);
  return { files: files.sort(byName), leftOut: leftOut.sort(byName) };
}

/**
 * Finds the image files in a folder and in the folders below it, and pictures that cannot be used. It does not follow
 * links; the recursive readdir of Node 24 would. Throws if `folder` itself cannot be opened.
 */
function* findImages(folder: string, prefix: string): Generator<ImageFile | LeftOut> {
  const [entries, error] = readFolder(`${folder}/${prefix}`);
  if (error !== undefined) {
    if (prefix === '') throw error;
    yield { file: prefix, reason: `the folder cannot be opened (${error.code})` };
  }
  for (const entry of entries) {
    const name = entry.name.toString();
    const file = `${prefix}${name}`;
    if (name.startsWith('.')) continue;
    if (!Buffer.from(name).equals(entry.name)) {
      // Such a name cannot be given to the library that reads pictures.
      if (entry.isDirectory() || extension.test(name))
        yield { file: `${prefix}${escapeBytes(entry.name)}`, reason: 'its name is not UTF-8' };
    } else if (entry.isDirectory()) {
      yield* findImages(folder, `${file}/`);
    } else if (otherExtension.test(name)) {
      yield { file, reason: `${path.extname(name)} files are not read` };
    } else if (extension.test(name)) {
      yield entry.isFile() ? describeFile(folder, file) : { file, reason: 'it is a link or no file' };
    }
  }
}

/** The entries of a folder, with the bytes of their names; or why it cannot be opened. */
function readFolder(folder: string): [entries: Dirent<Buffer>[], error?: NodeJS.ErrnoException] {
  try {
    return [readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })];
  } catch (error) {
    return [[], error as NodeJS.ErrnoException];
  }
}

function describeFile(folder: string, file: string): ImageFile | LeftOut {
  try {
    const { size, mtimeMs } = statSync(`${folder}/${file}`);
    return { file, bytes: size, modifiedMs: mtimeMs };
  } catch (error) {
    return { file, reason: `it cannot be opened (${(error as NodeJS.ErrnoException).code})` };
  }
}

/** A name with every byte that is not ASCII as \xNN. */
function escapeBytes(name: Buffer): string {
  return Array.from(name, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

function decodeImages(
  folder: string,
  files: readonly ImageFile[],
  notOpened: readonly LeftOut[],
  shape: ImageShape,
  strict: boolean,
  onProgress: (done: number, total: number) => void,
): DecodedImages {
  const used: string[] = [];
  const leftOut: LeftOut[] = [...notOpened];
  const decodedAtOnce = 4 * availableParallelism();

  async function* decodeAll(): AsyncGenerator<Uint8Array> {
    for (let first = 0; first < files.length; first += decodedAtOnce) {
      const group = files.slice(first, first + decodedAtOnce);
      const results = await Promise.all(group.map((file) => decodeImage(folder, file, shape)));
      for (const [k, result] of results.entries()) {
        const { file } = group[k];
        if (typeof result === 'string') {
          leftOut.push({ file, reason: result });
          if (strict) throw brokenImage(folder, leftOut);
        } else {
          used.push(file);
          yield result;
        }
      }
      onProgress(first + group.length, files.length);
    }
    if (used.length === 0)
      throw noImages(folder, `None of its ${files.length} could be read`, `${leftOut[0].file}: ${leftOut[0].reason}`);
  }
  return { pixels: decodeAll(), summary: () => ({ labels: labelsOf(used), leftOut }) };
}

/** The pixels of a file, or the reason why it has none. */
async function decodeImage(
  folder: string,
  { file, bytes }: ImageFile,
  { size, channels }: ImageShape,
): Promise<Uint8Array | string> {
  if (bytes > maxFileBytes) return `it has ${bytes} bytes; ${maxFileBytes} are allowed`;
  try {
    const image = sharp(path.join(folder, file), { limitInputPixels: maxPixels, failOn: 'error' });
    const { format, depth = 'unknown' } = await image.metadata();
    if (!formats.includes(format ?? '')) return `it is ${format ?? 'no picture'}, whatever its name says`;
    if (!depths.includes(depth)) return `its pixels have the type ${depth}; it must have 8 or 16 bits a channel`;
    const cropped = image.autoOrient().flatten({ background: '#ffffff' }).resize(size, size, { fit: 'cover' });
    return await cropped
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer();
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

/** Labels each image with the name of its folder. Undefined if all images are in one folder. */
function labelsOf(files: readonly string[]): Labels | undefined {
  const folders = files.map((file) => path.posix.dirname(file));
  const names = [...new Set(folders)].sort();
  if (names.length < 2) return undefined;
  const numbers = new Map(names.map((name, number) => [name, number]));
  return { names, values: Uint16Array.from(folders, (name) => numbers.get(name) as number) };
}

async function removeOlder(packed: string, prefix: string): Promise<void> {
  const folder = path.dirname(packed);
  for (const file of await readdir(folder)) {
    if (file.startsWith(prefix) && file.endsWith('.bin') && file !== path.basename(packed))
      await rm(path.join(folder, file), { force: true });
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function refuseLeftOut(folder: string, dataset: Dataset): Dataset {
  if (dataset.leftOut.length === 0) return dataset;
  dataset.close();
  throw brokenImage(folder, dataset.leftOut);
}

function brokenImage(folder: string, [{ file, reason }]: readonly LeftOut[]): UserError {
  return new UserError({
    code: 'broken-image',
    message: `${path.join(folder, file)} cannot be used: ${reason}.`,
    advice: 'Mend or remove it, or leave out --strict-data to go on without such files.',
  });
}

/** The error for a folder that has no pictures. Says what it has instead: perhaps they are still packed. */
function noPictures(folder: string): UserError {
  const other = readdirSync(folder, { withFileTypes: true }).find((entry) => entry.isFile())?.name;
  if (other !== undefined)
    return noImages(folder, `It has other files, such as ${other}`, 'Links are not followed.', adviceForFile(other));
  const isEmpty = readdirSync(folder).length === 0;
  return noImages(folder, isEmpty ? 'It is empty' : 'It has folders without pictures', 'Links are not followed.');
}

const anyFolder = 'Give a folder with JPEG, PNG, WebP, GIF, TIFF or AVIF files, in it or in folders below.';

function noImages(folder: string, what: string, detail: string, advice = anyFolder): UserError {
  return new UserError({ code: 'no-images', message: `${folder} holds no images. ${what}. ${detail}`, advice });
}
