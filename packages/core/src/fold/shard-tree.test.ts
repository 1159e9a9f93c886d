import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSubtree, shardsOf, splitRange, type ShardRange } from './shard-tree.ts';

it('splits a range at the largest power of two below its length', () => {
  const halves = [2, 3, 4, 5, 8, 9].map((count) => splitRange({ start: 10, end: 10 + count })[0]);
  expect(halves.map(({ start, end }) => end - start)).toEqual([1, 2, 2, 4, 4, 8]);
});

it('splits a range into two halves that together hold its shards, in order', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.integer({ min: 2, max: 40 }), (start, count) => {
      const range = { start, end: start + count };
      expect(shardsOf(splitRange(range))).toEqual(shardsOf([range]));
    }),
  );
});

it('recognizes as subtrees exactly the ranges that repeated splitting of the whole produces', () => {
  const nodesOf = (range: ShardRange): ShardRange[] =>
    range.end - range.start < 2 ? [range] : [range, ...splitRange(range).flatMap(nodesOf)];
  for (let count = 1; count <= 17; count++) {
    const nodes = nodesOf({ start: 0, end: count });
    for (let start = 0; start <= count; start++) {
      for (let end = start + 1; end <= count + 1; end++) {
        const isNode = nodes.some((node) => node.start === start && node.end === end);
        expect(isSubtree({ start, end }, count)).toBe(isNode);
      }
    }
  }
});
