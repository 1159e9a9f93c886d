import path from 'node:path';
import { assert } from '@lstm-gan/core/errors';
import sharp from 'sharp';
import { z } from 'zod';
import type { Labels } from './dataset.ts';
import type { DatasetSource } from './decoded-images.ts';
import { fetchNpmFiles } from './npm-package.ts';

const source = {
  name: 'emoji-datasource-google',
  version: '16.0.0',
  sha512: 'ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==',
};
const maxPixels = 128 * 128;
const imagePath = /^img\/google\/64\/[\w-]+\.png$/;
/** Number of pictures decoded at the same time: enough to keep every core busy, and few enough for the memory. */
const decodedAtOnce = 32;

const imageSchema = z.object({ image: z.string() });
const listSchema = z.array(
  imageSchema.extend({ category: z.string(), skin_variations: z.record(z.string(), imageSchema).optional() }),
);

/** 3,786 emoji (Noto, Apache-2.0), 64x64 RGBA, composited over white. Other sizes are scaled from the 64x64 images. */
export const emoji: DatasetSource = {
  name: 'emoji',
  description: '3,786 emoji (Noto), 64x64 RGB over white',
  async decode({ size, channels }, scratchDir, onProgress) {
    const files = await fetchNpmFiles(source, scratchDir, (file) => file === 'emoji.json' || imagePath.test(file));
    const names = [...files.keys()].filter((file) => imagePath.test(file)).sort();
    const imageBytes = size * size * channels;
    const pixels = new Uint8Array(names.length * imageBytes);
    for (let first = 0; first < names.length; first += decodedAtOnce) {
      const group = names.slice(first, first + decodedAtOnce);
      await Promise.all(
        group.map(async (name, k) => {
          const picture = sharp(files.get(name), { limitInputPixels: maxPixels }).flatten({ background: '#ffffff' });
          const scaled = picture.resize(size, size, { fit: 'fill' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
          pixels.set(await scaled.raw().toBuffer(), (first + k) * imageBytes);
        }),
      );
      onProgress(first + group.length, names.length);
    }
    return { pixels: [pixels], summary: () => ({ labels: readGroups(files.get('emoji.json'), names) }) };
  },
};

/**
 * The group of each image ("Flags", "Food & Drink"), from the package's list. Variants of an emoji in other skin tones
 * are in the group of that emoji.
 */
function readGroups(content: Buffer | undefined, files: readonly string[]): Labels {
  const entries = listSchema.parse(JSON.parse(content?.toString('utf8') ?? '[]'));
  const groups = new Map<string, string>();
  for (const { image, category, skin_variations: variations = {} } of entries) {
    for (const name of [image, ...Object.values(variations).map((variation) => variation.image)])
      groups.set(name, category);
  }
  const names = [...new Set(groups.values())].sort();
  const numbers = files.map((file) => names.indexOf(groups.get(path.basename(file)) ?? ''));
  assert(
    numbers.every((number) => number >= 0),
    'the pinned list names every image',
  );
  return { names, values: Uint16Array.from(numbers) };
}
