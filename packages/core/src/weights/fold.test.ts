import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accumulate, createFold, foldRange } from './fold.ts';
import { cutTree, isSubtree, splitPoint, type ShardRange } from './tree.ts';

const leaves = (count: number) =>
  Array.from({ length: count }, (_, shard) => Float32Array.from({ length: 5 }, (_, i) => Math.sin(shard * 7.3 + i) / 3));
const flat = (vectors: Float32Array[], range: ShardRange) =>
  foldRange(range, ({ start, end }) => (end - start === 1 ? vectors[start].slice() : undefined)) as Float32Array;

it('splits a range at the largest power of two below its length', () => {
  expect([2, 3, 4, 5, 8, 9].map(splitPoint)).toEqual([1, 2, 2, 4, 4, 8]);
});

it('cuts the tree into subtrees that cover every shard once, in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), (count, parts) => {
      const ranges = cutTree(count, parts);
      expect(ranges[0].start).toBe(0);
      expect(ranges.at(-1)?.end).toBe(count);
      ranges.forEach((range, i) => {
        if (i > 0) expect(range.start).toBe(ranges[i - 1].end);
        expect(isSubtree(range, count)).toBe(true);
      });
      expect(ranges.length).toBe(Math.min(parts, count));
    }),
  );
});

it('knows a range that is no subtree', () => {
  expect(isSubtree({ start: 1, end: 3 }, 4)).toBe(false);
  expect(isSubtree({ start: 2, end: 4 }, 4)).toBe(true);
  expect(isSubtree({ start: 0, end: 5 }, 4)).toBe(false);
});

it('gives the same bits however the shards are cut and in whatever order their sums arrive', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.nat()), (count, parts, order) => {
      const vectors = leaves(count);
      const ranges = cutTree(count, parts)
        .map((range) => ({ range, place: order.next().value as number }))
        .sort((a, b) => a.place - b.place);
      const fold = createFold(count);
      for (const { range } of ranges) {
        expect(fold.total()).toBeUndefined();
        fold.add(range, flat(vectors, range));
      }
      expect(fold.total()).toEqual(flat(vectors, { start: 0, end: count }));
    }),
  );
});

it('adds to a vector where it lies, and refuses another length', () => {
  const target = Float32Array.of(1, 2);
  accumulate(target, Float32Array.of(10, 20));
  expect(target).toEqual(Float32Array.of(11, 22));
  expect(() => accumulate(target, new Float32Array(3))).toThrow('2 and 3 floats');
});

it('refuses a sum that it already has', () => {
  const fold = createFold(4);
  fold.add({ start: 0, end: 1 }, new Float32Array(1));
  expect(() => fold.add({ start: 0, end: 1 }, new Float32Array(1))).toThrow('added before');
});
