import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFold } from './fold.ts';
import { evaluateSum, leavesOf, type SumTree } from './sum-tree.ts';
import { cutTree, isSubtree, splitPoint, splitRange, type ShardRange } from './tree.ts';

const leaves = (count: number) =>
  Array.from({ length: count }, (_, shard) =>
    Float32Array.from({ length: 5 }, (_, i) => Math.sin(shard * 7.3 + i) / 3),
  );
const added = (tree: SumTree): Float32Array => {
  const target = new Float32Array(5);
  expect(evaluateSum(tree, target)).toBe(true);
  return target;
};
/** The definition: the two halves of a range, added where they lie. */
const flat = (vectors: Float32Array[], range: ShardRange): Float32Array => {
  if (range.end - range.start === 1) return vectors[range.start].slice();
  const [left, right] = splitRange(range).map((half) => flat(vectors, half));
  return left.map((value, i) => value + right[i]);
};

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
    fc.property(
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.nat()),
      (count, parts, order) => {
        const vectors = leaves(count);
        const ranges = cutTree(count, parts)
          .map((range) => ({ range, place: order.next().value as number }))
          .sort((a, b) => a.place - b.place);
        const fold = createFold({ start: 0, end: count });
        for (const { range } of ranges) {
          expect(fold.total()).toBeUndefined();
          fold.add(range, flat(vectors, range));
        }
        expect(added(fold.total() as SumTree)).toEqual(flat(vectors, { start: 0, end: count }));
      },
    ),
  );
});

it('adds to a vector where it lies, and refuses another length', () => {
  const target = Float32Array.of(1, 2);
  expect(evaluateSum([target, Float32Array.of(10, 20)], target)).toBe(true);
  expect(target).toEqual(Float32Array.of(11, 22));
  expect(() => evaluateSum([target, new Float32Array(3)], target)).toThrow('2 and 3 floats');
});

it('says that a sum is not finite', () => {
  expect(evaluateSum([Float32Array.of(1, 3e38), Float32Array.of(1, 3e38)], new Float32Array(2))).toBe(false);
});

it('keeps few vectors, and gives back those that it has added', () => {
  const released: Float32Array[] = [];
  const release = (array: Float32Array | Uint8Array) => void released.push(array as Float32Array);
  const fold = createFold(
    { start: 0, end: 64 },
    { evaluateSum, allocate: (length) => new Float32Array(length), release },
  );
  const vectors = leaves(64);
  vectors.forEach((vector, start) => fold.add({ start, end: start + 1 }, vector.slice()));
  expect(leavesOf(fold.total() as SumTree).length).toBeLessThanOrEqual(8);
  expect(added(fold.total() as SumTree)).toEqual(flat(vectors, { start: 0, end: 64 }));
  expect(released.length).toBeGreaterThan(55);
});

it('refuses a sum that it already has', () => {
  const fold = createFold({ start: 0, end: 4 });
  fold.add({ start: 0, end: 1 }, new Float32Array(1));
  expect(() => fold.add({ start: 0, end: 1 }, new Float32Array(1))).toThrow('added before');
});
