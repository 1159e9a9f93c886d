import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createShardReader } from './image-order.ts';
import { openDataset } from './open-dataset.ts';
import { createDataset } from './packed-dataset.ts';

/** `count` images of one pixel each, whose value is their number. */
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
          const batch = whole(step, [{ start: 0, end: shards }]);
          const parts = Array.from({ length: shards }, (_, shard) => [
            ...single(step, [{ start: shard, end: shard + 1 }]),
          ]);
          expect(parts.flat()).toEqual([...batch]);
          // As when the work of a dead worker goes out again: also across the end of an epoch.
          const last = { start: shards - 1, end: shards };
          const again = [...single(step, [last, { start: 0, end: 1 }])];
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

it('shuffles by the seed and anew each epoch', () => {
  const reader = (seed: number) => createShardReader(numbered(50), { batchSize: 50, shardSize: 50, seed, flip: false });
  const [one, same, other] = [reader(1), reader(1), reader(2)];
  const epoch = (read: typeof one, number: number) => [...read(number, [{ start: 0, end: 1 }])];
  const first = epoch(one, 1);
  expect(epoch(same, 1)).toEqual(first);
  expect(epoch(other, 1)).not.toEqual(first);
  expect(epoch(one, 2)).not.toEqual(first);
  expect(epoch(one, 3)).toEqual(epoch(reader(1), 3));
  expect(epoch(one, 1)).toEqual(first);
});

it('mirrors about half of the images when asked to, others each epoch, and the same for whoever reads them', () => {
  const count = 200;
  // Images of two pixels: the first is 0, the second the image's number.
  const pixels = Uint8Array.from({ length: count * 4 }, (_, i) => (i % 2 === 0 ? 0 : 1 + Math.floor(i / 4)));
  const wide = createDataset({ name: 'wide', count, size: 2, channels: 1, digest: '' }, pixels);
  const shape = { batchSize: count, shardSize: count / 4, seed: 5 };
  const read = createShardReader(wide, { ...shape, flip: true });
  const mirrored = (step: number) => {
    const images = read(step, [{ start: 0, end: 4 }]);
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
  const whole = read(1, [{ start: 0, end: 4 }]);
  expect(createShardReader(wide, { ...shape, flip: true })(1, [{ start: 1, end: 2 }])).toEqual(
    whole.subarray(count, 2 * count),
  );
  const plain = createShardReader(wide, { ...shape, flip: false })(1, [{ start: 0, end: 4 }]);
  expect(Array.from({ length: count }, (_, k) => plain[4 * k]).every((value) => value === 0)).toBe(true);
});

it('fetches and packs the digits through npm, with the pixels that were published', async () => {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-data-'));
  const dataset = await openDataset('digits', { cacheDir, size: 32, channels: 1 });
  expect(dataset).toMatchObject({ name: 'digits', count: 10_000, size: 32, channels: 1 });
  expect(dataset.digest).toBe('5a4928a5e47ec78312386186a11f14c9a55d25e43520490aa42253a7abdfafc0');
  expect((await readdir(path.join(cacheDir, 'data'))).length).toBe(1);
  const { names = [], values = new Uint16Array() } = dataset.labels ?? {};
  expect(names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(names.map((_, digit) => values.filter((value) => value === digit).length)).toEqual([
    1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978,
  ]);
  // A damaged file is packed again.
  const file = path.join(cacheDir, 'data', (await readdir(path.join(cacheDir, 'data')))[0]);
  await writeFile(file, (await readFile(file)).subarray(0, 100_000));
  expect((await openDataset('digits', { cacheDir, size: 32, channels: 1 })).digest).toBe(dataset.digest);
});

it('has the emoji over white', async () => {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'lstm-gan-data-'));
  const done: number[] = [];
  const dataset = await openDataset('emoji', {
    cacheDir,
    size: 64,
    channels: 3,
    onProgress: (images) => void done.push(images),
  });
  await rm(cacheDir, { recursive: true });
  expect(done.at(-1)).toBe(3786);
  expect(dataset).toMatchObject({ count: 3786, size: 64, channels: 3 });
  expect(dataset.digest).toBe('e63cfab9842405ed8130c712ac791db74d9c095a535b4fbd7774d0bb57ef651b');
  const image = new Uint8Array(64 * 64 * 3);
  dataset.read([1000], image);
  expect([...image.subarray(0, 3)]).toEqual([255, 255, 255]);
  const { names = [], values = new Uint16Array() } = dataset.labels ?? {};
  expect(values.filter((value) => names[value] === 'Flags')).toHaveLength(270);
  expect(values.filter((value) => names[value] === 'People & Body')).toHaveLength(2261);
});

it('suggests the data set that was probably meant', async () => {
  const opening = openDataset('emojis', { cacheDir: tmpdir(), size: 64, channels: 3 });
  await expect(opening).rejects.toMatchObject({ code: 'unknown-dataset', advice: 'Did you mean --data emoji?' });
});
