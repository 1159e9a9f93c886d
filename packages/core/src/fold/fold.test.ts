import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFold } from './fold.ts';
import { evaluateSum, leavesOf, type SumTree } from './sum-tree.ts';
import { splitRange, type ShardRange } from './shard-tree.ts';

const leaves = (count: number) =>
  Array.from({ length: count }, (_, shard) =>
    Float32Array.from({ length: 5 }, (_, i) => Math.sin(shard * 7.3 + i) / 3),
  );
const added = (tree: SumTree): Float32Array => {
  const target = new Float32Array(5);
  expect(evaluateSum(tree, target)).toBe(true);
  return target;
};
/** Returns the sum of a subtree by its definition: the sum of the left half plus the sum of the right half. */
const flat = (vectors: Float32Array[], range: ShardRange): Float32Array => {
  if (range.end - range.start === 1) return vectors[range.start].slice();
  const [left, right] = splitRange(range).map((half) => flat(vectors, half));
  return left.map((value, i) => value + right[i]);
};

/** Cuts a range into subtrees. For each subtree, `cutsAgain` decides whether this subtree is cut into halves. */
const cut = (range: ShardRange, cutsAgain: () => boolean): ShardRange[] =>
  range.end - range.start > 1 && cutsAgain() ? splitRange(range).flatMap((half) => cut(half, cutsAgain)) : [range];

it('gives the same bits for every division into subtrees and every order in which their sums arrive', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 17 }),
      fc.infiniteStream(fc.boolean()),
      fc.infiniteStream(fc.nat()),
      (count, cuts, order) => {
        const vectors = leaves(count);
        const ranges = cut({ start: 0, end: count }, () => cuts.next().value as boolean)
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

it('adds in place, and refuses vectors of different lengths', () => {
  const target = Float32Array.of(1, 2);
  expect(evaluateSum([target, Float32Array.of(10, 20)], target)).toBe(true);
  expect(target).toEqual(Float32Array.of(11, 22));
  expect(() => evaluateSum([target, new Float32Array(3)], target)).toThrow('2 and 3 floats');
});

it('reports that a sum is not finite', () => {
  expect(evaluateSum([Float32Array.of(1, 3e38), Float32Array.of(1, 3e38)], new Float32Array(2))).toBe(false);
});

it('keeps at most eight of 64 vectors, and releases those that it has added', () => {
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
