import { streamKey } from '@lstm-gan/core';
import type { ShardRange } from '@lstm-gan/core/fold';
import { permutation, statelessUniform } from '@lstm-gan/core/random';
import type { Dataset } from './dataset.ts';

/**
 * The order in which training reads images: a permutation for each epoch, a pure function of the seed, indexed by the
 * global image number. Shard s of batch k (from 1; one for each discriminator phase) reads numbers
 * (k - 1) * batchSize + s * shardSize onwards, whoever computes it.
 */
export interface BatchShape {
  readonly batchSize: number;
  readonly shardSize: number;
  readonly seed: number;
  /** Whether every other image, on average, is mirrored left to right, drawn anew each epoch. */
  readonly flip: boolean;
}

/** Reads the images of shards of a batch, uint8 [shards x shardSize, H, W, C], in the order of the ranges. */
export type ReadShards = (batch: number, ranges: readonly ShardRange[]) => Uint8Array;

/** Reads a data set in the order of a run: a seeded permutation an epoch, so an image is a function of step and shard alone. */
export function createShardReader(dataset: Dataset, { batchSize, shardSize, seed, flip }: BatchShape): ReadShards {
  // A batch may straddle two epochs, and shards of the first may be asked for again when a worker has died.
  const { count, size, channels } = dataset;
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
    dataset.read(
      numbers.map((number) => orderOf(epochOf(number))[number % count]),
      images,
    );
    if (!flip) return images;
    for (const [k, number] of numbers.entries()) {
      if (drawsOf(epochOf(number))[number % count] < 0.5)
        mirror(images.subarray(k * imageBytes, (k + 1) * imageBytes), size, channels);
    }
    return images;
  };
}

/** Remembers what belongs to this epoch and the one before it. */
function rememberEpochs<T>(make: (epoch: number) => T): (epoch: number) => T {
  const known = new Map<number, T>();
  return (epoch) => {
    const value = known.get(epoch) ?? make(epoch);
    known.set(epoch, value);
    for (const old of known.keys()) if (old < epoch - 1) known.delete(old);
    return value;
  };
}

/** Swaps left and right of an image [size, size, channels], where it lies. */
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
