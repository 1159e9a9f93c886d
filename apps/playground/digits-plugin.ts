import { homedir } from 'node:os';
import path from 'node:path';
import type { Plugin } from 'vite';

const [size, count] = [16, 1000];

/**
 * Gives the page's training its images: the module `training/digits.ts` gets 1,000 handwritten digits of the data set
 * `digits`, 16x16 gray, as base64 of their bytes. They are read when the page is built, from the cache of lstm-gan.
 */
export function digits(): Plugin {
  return {
    name: 'digits',
    async load(id) {
      if (!id.endsWith('/src/training/digits.ts')) return undefined;
      // A preview of the built page needs no data set.
      const { openDataset } = await import('@lstm-gan/data');
      const cacheDir = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'lstm-gan');
      const dataset = await openDataset('digits', { cacheDir, size, channels: 1 });
      // The images of the data set are sorted by class.
      const indices = Array.from({ length: count }, (_, index) => Math.floor((index * dataset.count) / count));
      const pixels = new Uint8Array(count * size * size);
      dataset.read(indices, pixels);
      dataset.close();
      return `export const base64 = '${Buffer.from(pixels).toString('base64')}';`;
    },
  };
}
