import { streamKey } from '@lstm-gan/core';
import { permutation } from '@lstm-gan/core/random';
import type { Dataset } from '@lstm-gan/data';
import type { Images } from '@lstm-gan/evaluation';

/** Reads some images of a data set, drawn without replacement by a seed: all, if `count` is the number of all. */
export function readSome(dataset: Dataset, count: number, seed: number): Images {
  const { size, channels } = dataset;
  const indices = permutation(streamKey({ seed, purpose: 'image-order' }), dataset.count).subarray(0, count);
  const pixels = new Uint8Array(count * size * size * channels);
  dataset.read(indices, pixels);
  return { pixels, count, size, channels: channels as 1 | 3 };
}
