import path from 'node:path';
import { UserError, nearestName } from '@lstm-gan/core';
import type { Dataset } from './dataset.ts';
import type { DatasetSource } from './decoded-images.ts';
import { digits } from './digits.ts';
import { emoji } from './emoji.ts';
import { readPacked, writePacked } from './packed-dataset.ts';

/** Every data set by name. */
export const datasets: ReadonlyMap<string, DatasetSource> = new Map([digits, emoji].map((source) => [source.name, source]));

export interface OpenDatasetOptions {
  readonly cacheDir: string;
  readonly size: number;
  readonly channels: 1 | 3;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Opens a data set: at once where it is packed, else it is fetched and packed first. */
export async function openDataset(name: string, options: OpenDatasetOptions): Promise<Dataset> {
  const source = datasets.get(name);
  if (source === undefined) {
    const nearest = nearestName(name, [...datasets.keys()]);
    throw new UserError({
      code: 'unknown-dataset',
      message: `There is no data set ${name}; there are ${[...datasets.keys()].join(', ')}.`,
      advice: nearest === undefined ? 'Choose one of them with --data.' : `Did you mean --data ${nearest}?`,
    });
  }
  const { cacheDir, size, channels, onProgress = () => undefined } = options;
  const file = path.join(cacheDir, 'data', `${name}-${size}x${channels}-v2.bin`);
  const packed = await readPacked(file);
  if (packed !== undefined) return packed;
  const scratch = path.join(cacheDir, 'data', `${name}-${process.pid}.partial`);
  const images = await source.decode({ size, channels }, scratch, onProgress);
  await writePacked(file, name, { size, channels }, images);
  const written = await readPacked(file);
  if (written !== undefined) return written;
  throw new UserError({ code: 'data-damaged', message: `${file} cannot be read back.`, advice: 'Check the disk, then run the command again.' });
}
