import fc from 'fast-check';
import { isSubtree } from '@lstm-gan/core/fold';
import { describe, expect, it } from 'vitest';
import { countShards, cutSubtrees, shareOut } from './shares.ts';

describe('shares of a batch', () => {
  it('are even where all are equally fast', () => {
    expect(shareOut(8, [5, 5])).toEqual([4, 4]);
    expect(shareOut(8, [5, 5, 5])).toEqual([3, 3, 2]);
    expect(shareOut(2, [1, 1, 1])).toEqual([1, 1, 0]);
  });

  it('follow the speed, so that all are done at the same time', () => {
    expect(shareOut(8, [10, 30])).toEqual([6, 2]);
    // The second worker takes longer for one shard than the first for all shards, and so gets no shard.
    expect(shareOut(4, [10, 100])).toEqual([4, 0]);
  });

  it('let the last worker end as early as any other division would', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 2 }),
        (count, paces) => {
          const end = (shares: readonly number[]) => Math.max(...shares.map((share, k) => share * paces[k]));
          const best = Math.min(...Array.from({ length: count + 1 }, (_, first) => end([first, count - first])));
          expect(end(shareOut(count, paces))).toBe(best);
        },
      ),
    );
  });
});

describe('pieces of ranges', () => {
  it('are the fewest nodes of the tree, in order', () => {
    const { pieces, rest } = cutSubtrees([{ start: 0, end: 8 }], [3, 3], 8);
    expect(pieces).toEqual([
      [
        { start: 0, end: 2 },
        { start: 2, end: 3 },
      ],
      [
        { start: 3, end: 4 },
        { start: 4, end: 6 },
      ],
    ]);
    expect(rest).toEqual([{ start: 6, end: 8 }]);
  });

  it('hold every shard once, whatever is cut', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(19), { minLength: 1 }),
        fc.array(fc.nat(9), { maxLength: 5 }),
        (shards, counts) => {
          const ranges = shards.toSorted((a, b) => a - b).map((shard) => ({ start: shard, end: shard + 1 }));
          const { pieces, rest } = cutSubtrees(ranges, counts, 20);
          const all = [...pieces.flat(), ...rest];
          expect(all.every((range) => isSubtree(range, 20))).toBe(true);
          const held = all.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
          expect(held).toEqual(shards.toSorted((a, b) => a - b));
          expect(countShards(all)).toBe(shards.length);
        },
      ),
    );
  });
});
