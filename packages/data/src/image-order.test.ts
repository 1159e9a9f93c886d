import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createShardReader } from './image-order.ts';
import { createDataset } from './packed-dataset.ts';

/** `count` images of one pixel each. The value of the pixel is the image's number. */
const numbered = (count: number) =>
  createDataset(
    { name: 'numbered', count, size: 1, channels: 1, digest: '' },
    Uint8Array.from({ length: count }, (_, i) => i),
  );

it('reads every image once an epoch, however the batch is cut', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(1000),
      (count, shards, shardSize, seed) => {
        const batchSize = shards * shardSize;
        const whole = createShardReader(numbered(count), { batchSize, shardSize, seed, flip: false });
        const single = createShardReader(numbered(count), { batchSize, shardSize, seed, flip: false });
        const seen: number[] = [];
        for (let step = 1; step <= Math.ceil((2 * count) / batchSize); step++) {
          const { images: batch } = whole(step, [{ start: 0, end: shards }]);
          const parts = Array.from({ length: shards }, (_, shard) => [
            ...single(step, [{ start: shard, end: shard + 1 }]).images,
          ]);
          expect(parts.flat()).toEqual([...batch]);
          // Reads the last and the first shard again, as after the death of a worker. They may lie in two epochs.
          const last = { start: shards - 1, end: shards };
          const again = [...single(step, [last, { start: 0, end: 1 }]).images];
          expect(again).toEqual([...batch.subarray(-shardSize), ...batch.subarray(0, shardSize)]);
          seen.push(...batch);
        }
        const sorted = (epoch: number) => seen.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b);
        const all = Array.from({ length: count }, (_, i) => i);
        expect(sorted(0)).toEqual(all);
        expect(sorted(1)).toEqual(all);
      },
    ),
    { numRuns: 50 },
  );
});

it('shuffles by the seed, and anew in each epoch', () => {
  const reader = (seed: number) => createShardReader(numbered(50), { batchSize: 50, shardSize: 50, seed, flip: false });
  const [one, same, other] = [reader(1), reader(1), reader(2)];
  const epoch = (read: typeof one, number: number) => [...read(number, [{ start: 0, end: 1 }]).images];
  const first = epoch(one, 1);
  expect(epoch(same, 1)).toEqual(first);
  expect(epoch(other, 1)).not.toEqual(first);
  expect(epoch(one, 2)).not.toEqual(first);
  expect(epoch(one, 3)).toEqual(epoch(reader(1), 3));
  expect(epoch(one, 1)).toEqual(first);
});

it('mirrors about half of the images when asked to, others in each epoch, the same for every reader', () => {
  const count = 200;
  // Images of 2 x 2 pixels. In each row the left pixel is 0, and the right pixel is the image's number.
  const pixels = Uint8Array.from({ length: count * 4 }, (_, i) => (i % 2 === 0 ? 0 : 1 + Math.floor(i / 4)));
  const wide = createDataset({ name: 'wide', count, size: 2, channels: 1, digest: '' }, pixels);
  const shape = { batchSize: count, shardSize: count / 4, seed: 5 };
  const read = createShardReader(wide, { ...shape, flip: true });
  const mirrored = (step: number) => {
    const { images } = read(step, [{ start: 0, end: 4 }]);
    return new Set(
      Array.from({ length: count }, (_, k) => [Math.max(images[4 * k], images[4 * k + 1]), images[4 * k] > 0] as const)
        .filter(([, flipped]) => flipped)
        .map(([number]) => number),
    );
  };
  const [first, second] = [mirrored(1), mirrored(2)];
  expect(first.size).toBeGreaterThan(70);
  expect(first.size).toBeLessThan(130);
  expect(second).not.toEqual(first);
  const { images: whole } = read(1, [{ start: 0, end: 4 }]);
  expect(createShardReader(wide, { ...shape, flip: true })(1, [{ start: 1, end: 2 }]).images).toEqual(
    whole.subarray(count, 2 * count),
  );
  const { images: plain } = createShardReader(wide, { ...shape, flip: false })(1, [{ start: 0, end: 4 }]);
  expect(Array.from({ length: count }, (_, k) => plain[4 * k]).every((value) => value === 0)).toBe(true);
});

it('reads the label of each image with it, and no labels of data without', () => {
  const plain = numbered(50);
  const labels = { names: ['a', 'b', 'c'], values: Uint16Array.from({ length: 50 }, (_, i) => i % 3) };
  const shape = { batchSize: 20, shardSize: 5, seed: 1, flip: true };
  const ranges = [
    { start: 2, end: 4 },
    { start: 0, end: 1 },
  ];
  const read = createShardReader({ ...plain, labels }, shape)(3, ranges);
  expect(read.labels).toEqual([...read.images].map((number) => number % 3));
  expect(createShardReader(plain, shape)(3, ranges).labels).toEqual([]);
});
