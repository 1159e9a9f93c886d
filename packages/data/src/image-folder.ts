/**
 * A user's own folder of images: any format of `formats`, any size, in nested folders whose names are the labels. The
 * files are not trusted: links are not followed, formats that can contain programs are not read, and the bytes and
 * pixels of a picture are limited before it is decoded. A file that cannot be read is left out, and named in `leftOut`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { ImageShape } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import sharp from 'sharp';
import type { Dataset, Labels, LeftOut } from './dataset.ts';
import type { DecodedImages } from './decoded-images.ts';
import { openPacked, writePacked } from './packed-dataset.ts';

const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'jp2', 'jxl'];
const extension = /\.(jpe?g|png|webp|gif|tiff?|avif|heic|jp2|jxl)$/i;
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
export async function openImageFolder(folder: string, options: ImageFolderOptions): Promise<Dataset> {
  const { cacheDir, size, channels, strict = false, onProgress = () => undefined } = options;
  const files = listImages(folder);
  if (files.length === 0)
    throw noImages(folder, 'There is no file in it that is named like one', 'Links are not followed.');
  const prefix = `folder-${shortHash(path.resolve(folder))}-${size}x${channels}-`;
  const packed = path.join(cacheDir, 'data', `${prefix}${shortHash(JSON.stringify([files, sharp.versions.vips]))}.bin`);
  const known = openPacked(packed);
  if (known !== undefined) return strict ? refuseLeftOut(folder, known) : known;
  await writePacked(
    packed,
    path.basename(path.resolve(folder)),
    { size, channels },
    decodeImages(folder, files, { size, channels }, strict, onProgress),
  );
  await removeOlder(packed, prefix);
  const dataset = openPacked(packed);
  if (dataset !== undefined) return dataset;
  throw new UserError({
    code: 'data-damaged',
    message: `${packed} cannot be read back.`,
    advice: 'Check the disk, then run the command again.',
  });
}

/**
 * The images, sorted, so that their order does not depend on the file system. Synchronous, because a hundred thousand
 * promises take seconds.
 */
function listImages(folder: string): ImageFile[] {
  try {
    return [...findImages(folder, '')].sort((a, b) => (a.file < b.file ? -1 : 1));
  } catch (cause) {
    throw new UserError({
      code: 'data-not-readable',
      message: `${folder} cannot be read: ${(cause as Error).message}`,
      advice: 'Check the path and its permissions.',
      cause,
    });
  }
}

/**
 * Finds the image files in a folder and in the folders below it. It does not follow links; the recursive readdir of
 * Node 24 would.
 */
function* findImages(folder: string, prefix: string): Generator<ImageFile> {
  for (const entry of readdirSync(`${folder}/${prefix}`, { withFileTypes: true })) {
    const file = `${prefix}${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* findImages(folder, `${file}/`);
    else if (entry.isFile() && extension.test(entry.name)) {
      const { size, mtimeMs } = statSync(`${folder}/${file}`);
      yield { file, bytes: size, modifiedMs: mtimeMs };
    }
  }
}

function decodeImages(
  folder: string,
  files: readonly ImageFile[],
  shape: ImageShape,
  strict: boolean,
  onProgress: (done: number, total: number) => void,
): DecodedImages {
  const used: string[] = [];
  const leftOut: LeftOut[] = [];
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
    const { format } = await image.metadata();
    if (!formats.includes(format ?? '')) return `it is ${format ?? 'no picture'}, whatever its name says`;
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

function noImages(folder: string, what: string, detail: string): UserError {
  return new UserError({
    code: 'no-images',
    message: `${folder} holds no images. ${what}. ${detail}`,
    advice: 'Give a folder with JPEG, PNG, WebP, GIF, TIFF or AVIF files, in it or in folders below.',
  });
}
