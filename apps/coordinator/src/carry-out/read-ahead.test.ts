import { expect, it, vi } from 'vitest';
import type { ReadShards, ShardImages } from '@lstm-gan/data';
import { createReadAhead } from './read-ahead.ts';

const shardCount = 4;
/** A batch in which every shard has three bytes and two labels. */
const readNumbers: ReadShards = (batch, ranges) => {
  const numbers = (ofShard: number) =>
    ranges.flatMap(({ start, end }) =>
      Array.from({ length: ofShard * (end - start) }, (_, k) => 100 * batch + ofShard * start + k),
    );
  return { images: Uint8Array.from(numbers(3)), labels: numbers(2) };
};
const plain = ({ images, labels }: ShardImages) => ({ images: [...images], labels });
const idle = () => new Promise(setImmediate);

it('gives the same images, the next batch without reading it then', async () => {
  const read = vi.fn(readNumbers);
  const ahead = createReadAhead(read, shardCount);
  for (const batch of [1, 1, 2, 2, 3, 2, 5]) {
    for (const ranges of [
      [{ start: 0, end: 4 }],
      [{ start: 1, end: 2 }],
      [
        { start: 0, end: 1 },
        { start: 2, end: 4 },
      ],
    ]) {
      expect(plain(ahead(batch, ranges))).toEqual(plain(readNumbers(batch, ranges)));
    }
    await idle();
  }
  expect(read.mock.calls.filter(([batch]) => batch === 3)).toEqual([[3, [{ start: 0, end: 4 }]]]);
});

it('reads each batch once if two batches are asked for in turn', async () => {
  const read = vi.fn(readNumbers);
  const ahead = createReadAhead(read, shardCount);
  for (const turns of [
    [1, 1],
    [1, 2, 1, 2],
    [2, 2],
    [2, 3, 2, 3],
  ]) {
    for (const batch of turns) ahead(batch, [{ start: 0, end: 2 }]);
    await idle();
  }
  // Nobody could read the first batch ahead.
  expect(read.mock.calls.map(([batch]) => batch).filter((batch) => batch > 1)).toEqual([2, 3, 4]);
});

it('throws when images are asked for, not before', async () => {
  const ahead = createReadAhead((batch, ranges) => {
    if (batch === 2) throw new Error('The disk is gone.');
    return readNumbers(batch, ranges);
  }, shardCount);
  ahead(1, [{ start: 0, end: 4 }]);
  await idle();
  expect(() => ahead(2, [{ start: 0, end: 4 }])).toThrow('The disk is gone.');
});
