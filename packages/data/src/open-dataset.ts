import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError, nearestName } from '@lstm-gan/core/errors';
import { createTemporary, removeLeftovers } from '@lstm-gan/system';
import type { Dataset, PackedDataset } from './dataset.ts';
import type { DatasetSource } from './decoded-images.ts';
import { digits } from './digits.ts';
import { emoji } from './emoji.ts';
import { packImageFolder, type ImageFolderOptions } from './image-folder.ts';
import { noFolder } from './no-folder.ts';
import { openPacked, writePacked } from './packed-dataset.ts';

/** The data sets that are known by name. */
export const datasets: ReadonlyMap<string, DatasetSource> = new Map(
  [digits, emoji].map((source) => [source.name, source]),
);

/** How a data set is packed, and into which cache. `strict` is for folders of images only. */
export type OpenDatasetOptions = ImageFolderOptions;

/**
 * Opens a data set by its name, or a folder of images by its path. If it is not packed yet, it is decoded and packed
 * first. Throws a UserError if there is no such data set or folder.
 */
export async function openDataset(name: string, options: OpenDatasetOptions): Promise<Dataset> {
  return (await packDataset(name, options)).dataset;
}

/** Opens a data set as `openDataset` does, and tells where its packed file is, and whether it was there before. */
export async function packDataset(name: string, options: OpenDatasetOptions): Promise<PackedDataset> {
  removeLeftovers(path.join(options.cacheDir, 'data'));
  const source = datasets.get(name);
  if (source === undefined) {
    if (await isFolder(name)) return packImageFolder(name, options);
    if (isPath(name) || (await exists(name))) throw await noFolder(name);
    const nearest = nearestName(name, [...datasets.keys()]);
    throw new UserError({
      code: 'unknown-dataset',
      message:
        `There is no data set ${name}; there are ${[...datasets.keys()].join(', ')}, ` +
        'and there is no folder of that name.',
      advice:
        nearest === undefined
          ? 'Choose one of them with --data, or give the path of a folder of images.'
          : `Did you mean --data ${nearest}?`,
    });
  }
  const { size, channels, onProgress = () => undefined } = options;
  const file = packedFileOf(name, options);
  const packed = openPacked(file);
  if (packed !== undefined) return { dataset: packed, file, wasPacked: true };
  const scratch = createTemporary(path.dirname(file));
  const images = await source.decode({ size, channels }, scratch.path, onProgress).finally(() => scratch.remove());
  await writePacked(file, name, { size, channels }, images);
  const written = openPacked(file);
  if (written !== undefined) return { dataset: written, file, wasPacked: false };
  throw new UserError({
    code: 'data-damaged',
    message: `${file} cannot be read back.`,
    advice: 'Check the disk, then run the command again.',
  });
}

/** The file of a data set with this name, for images of this shape; docs/file-formats.md describes it. */
export function packedFileOf(
  name: string,
  { cacheDir, size, channels }: Pick<OpenDatasetOptions, 'cacheDir' | 'size' | 'channels'>,
): string {
  return path.join(cacheDir, 'data', `${name}-${size}x${channels}-v3.bin`);
}

function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function exists(name: string): Promise<boolean> {
  return stat(name).then(
    () => true,
    () => false,
  );
}

/** Whether a name is meant as a path rather than as a data set's name. */
function isPath(name: string): boolean {
  return name.includes('/') || name.startsWith('.') || name.startsWith('~');
}
