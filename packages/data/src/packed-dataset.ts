/**
 * The packed form of a data set: one file with a JSON line, padded to 4,096 bytes, raw pixels behind it and a byte for each
 * image's label at the end, where there are labels. It is read into memory once; a step then only copies.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { assert } from '@lstm-gan/core';
import { z } from 'zod';
import type { Dataset } from './dataset.ts';
import type { DecodedImages } from './decoded-images.ts';
import { explainWriteError } from './explain-write-error.ts';

const headerBytes = 4096;

const headerSchema = z.strictObject({
  name: z.string(),
  count: z.number().int().positive(),
  size: z.number().int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent where the images have no labels. */
  labelNames: z.array(z.string()).max(256).optional(),
});
type Header = z.infer<typeof headerSchema>;

/** Writes images, whole or not at all. */
export async function writePacked(file: string, name: string, shape: { size: number; channels: 1 | 3 }, images: DecodedImages): Promise<void> {
  const digest = createHash('sha256').update(images.pixels).digest('hex');
  const head: Header = { name, count: images.count, ...shape, digest, labelNames: images.labels && [...images.labels.names] };
  const text = Buffer.from(JSON.stringify(head));
  assert(text.length <= headerBytes, 'a header fits in its place');
  const temporary = `${file}.${process.pid}.partial`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(Buffer.concat([text, Buffer.alloc(headerBytes - text.length, ' ')]));
      await handle.writeFile(images.pixels);
      if (images.labels !== undefined) await handle.writeFile(images.labels.values);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explainWriteError(file, error);
  }
}

/** Opens a packed file; undefined when there is none or it is damaged. */
export async function readPacked(file: string): Promise<Dataset | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  const header = bytes && parseHeader(bytes.subarray(0, headerBytes));
  if (bytes === undefined || header === undefined) return undefined;
  const { labelNames, ...dataset } = header;
  const { count, size, channels } = dataset;
  const pixelBytes = count * size * size * channels;
  const content = bytes.subarray(headerBytes);
  if (content.length !== pixelBytes + (labelNames === undefined ? 0 : count)) return undefined;
  const pixels = content.subarray(0, pixelBytes);
  if (labelNames === undefined) return createDataset(dataset, pixels);
  return createDataset({ ...dataset, labels: { names: labelNames, values: content.subarray(pixelBytes) } }, pixels);
}

function parseHeader(bytes: Buffer): Header | undefined {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** A data set over pixels in memory. */
export function createDataset(header: Omit<Dataset, 'read'>, pixels: Uint8Array): Dataset {
  const imageBytes = header.size * header.size * header.channels;
  return {
    ...header,
    read(indices, into) {
      assert(into.length === indices.length * imageBytes, 'the target has room for exactly the images asked for');
      for (let k = 0; k < indices.length; k++) {
        assert(indices[k] < header.count, `there is an image ${indices[k]}`);
        into.set(pixels.subarray(indices[k] * imageBytes, (indices[k] + 1) * imageBytes), k * imageBytes);
      }
    },
  };
}
