/**
 * The packed form of a data set, one file: raw pixels, a uint16 for each image's label if there are labels, a JSON
 * footer, the footer's length (uint32) and an eight-letter signature. The file is written as a stream, and its images
 * are read one at a time, so writing and reading need little memory. Opening reads no pixels.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { ImageShape } from '@lstm-gan/core';
import { assert, UserError } from '@lstm-gan/core/errors';
import { explainReadError, explainWriteError, makeFolder, writeAtomically } from '@lstm-gan/system';
import { z } from 'zod';
import type { Dataset } from './dataset.ts';
import type { DecodedImages } from './decoded-images.ts';

const signature = 'LGANPACK';
const tailBytes = 4 + signature.length;
const maxFooterBytes = 16 * 1024 * 1024;
const maxLeftOut = 10_000;

const footerSchema = z.strictObject({
  name: z.string(),
  count: z.number().int().positive(),
  size: z.number().int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent if the images have no labels. */
  labelNames: z.array(z.string()).max(65_536).optional(),
  leftOut: z.array(z.strictObject({ file: z.string(), reason: z.string() })).max(maxLeftOut),
});
type Footer = z.infer<typeof footerSchema>;

/** What a user can do if a file of the cache cannot be written. */
export const anotherCache = 'Choose another cache with --cache-dir.';

/** Writes a packed file, completely or not at all. Throws a UserError if it cannot be written. */
export async function writePacked(file: string, name: string, shape: ImageShape, images: DecodedImages): Promise<void> {
  try {
    await makeFolder(path.dirname(file));
    await writeAtomically(file, (handle) => writeContent(handle, name, shape, images));
  } catch (error) {
    throw explainWriteError(file, error, anotherCache);
  }
}

async function writeContent(handle: FileHandle, name: string, shape: ImageShape, images: DecodedImages): Promise<void> {
  const imageBytes = shape.size * shape.size * shape.channels;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const pixels of images.pixels) {
    assert(pixels.length % imageBytes === 0, 'pixels come in whole images');
    hash.update(pixels);
    await handle.writeFile(pixels);
    bytes += pixels.length;
  }
  const { labels, leftOut = [] } = images.summary();
  if (labels !== undefined)
    await handle.writeFile(new Uint8Array(labels.values.buffer, labels.values.byteOffset, labels.values.byteLength));
  const footer: Footer = {
    name,
    count: bytes / imageBytes,
    ...shape,
    digest: hash.digest('hex'),
    labelNames: labels && [...labels.names],
    leftOut: leftOut.slice(0, maxLeftOut),
  };
  const text = Buffer.from(JSON.stringify(footer));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  await handle.writeFile(Buffer.concat([text, length, Buffer.from(signature)]));
}

/** Opens a packed file. Undefined if there is none, or if it is damaged. */
export function openPacked(file: string): Dataset | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return undefined;
  }
  const dataset = readPacked(file, descriptor);
  if (dataset === undefined) closeSync(descriptor);
  return dataset;
}

function readPacked(file: string, descriptor: number): Dataset | undefined {
  const { size: fileBytes } = fstatSync(descriptor);
  const footer = readFooter(file, descriptor, fileBytes);
  if (footer === undefined) return undefined;
  const { labelNames, bytes, ...header } = footer;
  const imageBytes = header.size * header.size * header.channels;
  const labelBytes = labelNames === undefined ? 0 : 2 * header.count;
  if (fileBytes !== header.count * imageBytes + labelBytes + bytes + tailBytes) return undefined;
  const labels = labelNames && { names: labelNames, values: new Uint16Array(header.count) };
  if (labels !== undefined) readAt(file, descriptor, header.count * imageBytes, new Uint8Array(labels.values.buffer));
  let open = true;
  return {
    ...header,
    labels,
    read(indices, into) {
      checkIndices(indices, header.count, into.length, imageBytes);
      for (let k = 0; k < indices.length; k++) {
        if (readAt(file, descriptor, indices[k] * imageBytes, into.subarray(k * imageBytes, (k + 1) * imageBytes)))
          continue;
        throw new UserError({
          code: 'data-damaged',
          message: `${file} ends before image ${indices[k]}.`,
          advice: 'Remove it; it is packed again at the next start.',
        });
      }
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Fills a buffer from a position in a file. False if the file ends too early. */
function readAt(file: string, descriptor: number, position: number, into: Uint8Array): boolean {
  try {
    for (let filled = 0; filled < into.length;) {
      const count = readSync(descriptor, into, filled, into.length - filled, position + filled);
      if (count === 0) return false;
      filled += count;
    }
    return true;
  } catch (error) {
    throw explainReadError(file, error);
  }
}

function readFooter(file: string, descriptor: number, fileBytes: number): (Footer & { bytes: number }) | undefined {
  const tail = Buffer.alloc(tailBytes);
  if (
    fileBytes < tailBytes ||
    !readAt(file, descriptor, fileBytes - tailBytes, tail) ||
    tail.toString('latin1', 4) !== signature
  )
    return undefined;
  const bytes = tail.readUInt32LE();
  if (bytes > maxFooterBytes || bytes + tailBytes > fileBytes) return undefined;
  const text = Buffer.alloc(bytes);
  readAt(file, descriptor, fileBytes - tailBytes - bytes, text);
  try {
    return { ...footerSchema.parse(JSON.parse(text.toString('utf8'))), bytes };
  } catch {
    return undefined;
  }
}

function checkIndices(indices: ArrayLike<number>, count: number, bytes: number, imageBytes: number): void {
  assert(bytes === indices.length * imageBytes, 'the target has room for exactly the images asked for');
  for (let k = 0; k < indices.length; k++) assert(indices[k] < count, `there is an image ${indices[k]}`);
}

/** A data set whose pixels are in memory. */
export function createDataset(header: Omit<Dataset, 'read' | 'close' | 'leftOut'>, pixels: Uint8Array): Dataset {
  const imageBytes = header.size * header.size * header.channels;
  return {
    ...header,
    leftOut: [],
    read(indices, into) {
      checkIndices(indices, header.count, into.length, imageBytes);
      for (let k = 0; k < indices.length; k++) {
        into.set(pixels.subarray(indices[k] * imageBytes, (indices[k] + 1) * imageBytes), k * imageBytes);
      }
    },
    close: () => undefined,
  };
}
