import { permutation, streamKey, type ShardRange } from '@lstm-gan/core';
import type { Dataset } from './dataset.ts';

/**
 * The order in which training reads images: a permutation for each epoch, a pure function of the seed, indexed by the
 * global image number. Shard s of step k (from 1) reads numbers (k - 1) * batchSize + s * shardSize onwards, whoever
 * computes it.
 */
export interface BatchShape {
  readonly batchSize: number;
  readonly shardSize: number;
  readonly seed: number;
}

/** Reads the images of shards of a step, uint8 [shards x shardSize, H, W, C], in the order of the ranges. */
export type ReadShards = (step: number, ranges: readonly ShardRange[]) => Uint8Array;

export function createShardReader(dataset: Dataset, { batchSize, shardSize, seed }: BatchShape): ReadShards {
  // A step may straddle two epochs, and shards of the first may be asked for again when a worker has died.
  const orders = new Map<number, Uint32Array>();
  const orderOf = (epoch: number): Uint32Array => {
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    const order = permutation(streamKey({ seed, purpose: 'image-order', step: epoch }), dataset.count);
    orders.set(epoch, order);
    for (const old of orders.keys()) if (old < epoch - 1) orders.delete(old);
    return order;
  };
  const imageOf = (number: number): number => orderOf(Math.floor(number / dataset.count))[number % dataset.count];
  const imageBytes = dataset.size * dataset.size * dataset.channels;
  return (step, ranges) => {
    const indices = ranges.flatMap(({ start, end }) => {
      const first = (step - 1) * batchSize + start * shardSize;
      return Array.from({ length: (end - start) * shardSize }, (_, k) => imageOf(first + k));
    });
    const images = new Uint8Array(indices.length * imageBytes);
    dataset.read(indices, images);
    return images;
  };
}
