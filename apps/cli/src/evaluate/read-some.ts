import { streamKey } from '@lstm-gan/core';
import { permutation } from '@lstm-gan/core/random';
import type { Dataset, Labels } from '@lstm-gan/data';
import type { Images } from '@lstm-gan/evaluation';

/** Images that may have labels: image i shows `names[values[i]]`. */
export interface SomeImages extends Images {
  readonly labels?: Labels;
}

/** Reads some images of a data set, drawn without replacement by a seed: all, if `count` is the number of all. */
export function readSome(dataset: Dataset, count: number, seed: number): SomeImages {
  const { size, channels, labels } = dataset;
  const indices = permutation(streamKey({ seed, purpose: 'image-order' }), dataset.count).subarray(0, count);
  const pixels = new Uint8Array(count * size * size * channels);
  dataset.read(indices, pixels);
  return {
    ...{ pixels, count, size, channels: channels as 1 | 3 },
    ...(labels && {
      labels: { names: labels.names, values: Uint16Array.from(indices, (index) => labels.values[index]) },
    }),
  };
}
