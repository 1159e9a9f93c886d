/**
 * The packed form of a data set: one file with a JSON line, padded to 4,096 bytes, and raw pixels behind it. It is read
 * into memory once; a step then only copies.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { assert } from '@lstm-gan/core';
import { z } from 'zod';
import type { Dataset } from './dataset.ts';
import type { DecodedImages } from './decoded-images.ts';

const headerBytes = 4096;

const headerSchema = z.strictObject({
  name: z.string(),
  count: z.number().int().positive(),
  size: z.number().int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
type Header = z.infer<typeof headerSchema>;

/** Writes images, whole or not at all. */
export async function writePacked(file: string, name: string, shape: { size: number; channels: 1 | 3 }, images: DecodedImages): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const digest = createHash('sha256').update(images.pixels).digest('hex');
  const header = Buffer.alloc(headerBytes, ' ');
  header.write(JSON.stringify({ name, count: images.count, ...shape, digest } satisfies Header));
  const temporary = `${file}.${process.pid}.partial`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(header);
    await handle.writeFile(images.pixels);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Opens a packed file; undefined when there is none or it is damaged. */
export async function readPacked(file: string): Promise<Dataset | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  const header = bytes && parseHeader(bytes.subarray(0, headerBytes));
  if (bytes === undefined || header === undefined) return undefined;
  const pixels = bytes.subarray(headerBytes);
  const intact = pixels.length === header.count * header.size * header.size * header.channels;
  return intact ? createDataset(header, pixels) : undefined;
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
        into.set(pixels.subarray(indices[k] * imageBytes, (indices[k] + 1) * imageBytes), k * imageBytes);
      }
    },
  };
}
