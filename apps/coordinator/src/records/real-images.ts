import type { Dataset } from '@lstm-gan/data';

/** The part of a data set that `realImages` reads. */
export type Readable = Pick<Dataset, 'count' | 'size' | 'channels' | 'read'>;

/**
 * Returns images of a data set, [count, size, size, channels] in [-1, 1]: at most so many, evenly spaced, so that every
 * folder of a user's pictures has its share.
 */
export function realImages(dataset: Readable, most: number): Float32Array {
  const count = Math.min(most, dataset.count);
  return readImages(
    dataset,
    Array.from({ length: count }, (_, k) => Math.floor((k * dataset.count) / count)),
  );
}

/** Returns the images with these numbers, [count, size, size, channels] in [-1, 1]. */
export function readImages(dataset: Omit<Readable, 'count'>, indices: readonly number[]): Float32Array {
  const { size, channels } = dataset;
  const pixels = new Uint8Array(indices.length * size * size * channels);
  dataset.read(indices, pixels);
  return Float32Array.from(pixels, (value) => value / 127.5 - 1);
}
