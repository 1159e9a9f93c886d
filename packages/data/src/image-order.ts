/**
 * The order in which training reads images. Each epoch has a permutation of its own, a pure function of the seed and
 * the epoch. The images that a run reads are numbered from 0, over all epochs. Shard s of batch k (k counts
 * discriminator phases from 1) reads shardSize images; its first image has the number (k - 1) * batchSize + s *
 * shardSize. So the images of a shard do not depend on the worker that computes it.
 */
import { streamKey } from '@lstm-gan/core';
import type { ShardRange } from '@lstm-gan/core/fold';
import { permutation, statelessUniform } from '@lstm-gan/core/random';
import type { Dataset } from './dataset.ts';

/** How a run cuts images into batches and shards. */
export interface BatchShape {
  readonly batchSize: number;
  readonly shardSize: number;
  readonly seed: number;
  /** Whether images are mirrored left to right with probability 1/2, drawn anew in each epoch. */
  readonly flip: boolean;
}

/** Images of some shards, in the order of the shards. */
export interface ShardImages {
  /** Uint8 [shards x shardSize, H, W, C]. */
  readonly images: Uint8Array;
  /** The number of each image's class; empty if the data have no labels. */
  readonly labels: readonly number[];
}

/** Reads the images of some shards of a batch, in the order of the ranges. */
export type ReadShards = (batch: number, ranges: readonly ShardRange[]) => ShardImages;

/** Makes a reader that reads the images of a data set in the order of a run. */
export function createShardReader(dataset: Dataset, { batchSize, shardSize, seed, flip }: BatchShape): ReadShards {
  // A batch may contain the end of one epoch and the start of the next. After a worker has died, shards of the earlier
  // epoch may be read again. So the orders of two epochs are kept.
  const { count, size, channels, labels: known } = dataset;
  const orderOf = rememberEpochs((epoch) =>
    permutation(streamKey({ seed, purpose: 'image-order', step: epoch }), count),
  );
  const drawsOf = rememberEpochs((epoch) =>
    statelessUniform(streamKey({ seed, purpose: 'image-flip', step: epoch }), count),
  );
  const epochOf = (number: number): number => Math.floor(number / count);
  const imageBytes = size * size * channels;
  return (batch, ranges) => {
    const numbers = ranges.flatMap(({ start, end }) => {
      const first = (batch - 1) * batchSize + start * shardSize;
      return Array.from({ length: (end - start) * shardSize }, (_, k) => first + k);
    });
    const images = new Uint8Array(numbers.length * imageBytes);
    const indices = numbers.map((number) => orderOf(epochOf(number))[number % count]);
    dataset.read(indices, images);
    const labels = known === undefined ? [] : indices.map((index) => known.values[index]);
    if (!flip) return { images, labels };
    for (const [k, number] of numbers.entries()) {
      if (drawsOf(epochOf(number))[number % count] < 0.5)
        mirror(images.subarray(k * imageBytes, (k + 1) * imageBytes), size, channels);
    }
    return { images, labels };
  };
}

/** Keeps what `make` returned for the newest epoch and for the one before it. */
function rememberEpochs<T>(make: (epoch: number) => T): (epoch: number) => T {
  const known = new Map<number, T>();
  return (epoch) => {
    const value = known.get(epoch) ?? make(epoch);
    known.set(epoch, value);
    for (const old of known.keys()) if (old < epoch - 1) known.delete(old);
    return value;
  };
}

/** Mirrors an image [size, size, channels] left to right, in place. */
function mirror(image: Uint8Array, size: number, channels: number): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size >> 1; x++) {
      for (let c = 0; c < channels; c++) {
        const left = (y * size + x) * channels + c;
        const right = (y * size + size - 1 - x) * channels + c;
        [image[left], image[right]] = [image[right], image[left]];
      }
    }
  }
}
