import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normalNoise } from '../random/normal-noise.ts';
import { accumulateShards } from './accumulate-shards.ts';
import { createFold } from './fold.ts';
import { evaluateSum, type SumTree } from './sum-tree.ts';

it('gives the same bits as a fold for any number of shards, and releases every vector but the sum', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(1000), async (count, start) => {
    const range = { start, end: start + count };
    const vectorOf = (shard: number): Float32Array => normalNoise([shard, 3], 5);
    const made: Float32Array[] = [];
    const released: Float32Array[] = [];
    const compute = async (shard: number, onto: readonly Float32Array[]): Promise<Float32Array> => {
      const sum = vectorOf(shard);
      evaluateSum(
        onto.reduceRight<SumTree>((tree, vector) => [vector, tree], sum),
        sum,
      );
      made.push(sum);
      return sum;
    };
    const sum = await accumulateShards(range, compute, (vector) => void released.push(vector));

    const fold = createFold(range);
    for (let shard = range.start; shard < range.end; shard++)
      fold.add({ start: shard, end: shard + 1 }, vectorOf(shard));
    const expected = new Float32Array(5);
    evaluateSum(fold.total() as SumTree, expected);
    expect(sum).toEqual(expected);
    expect(new Set([...released, sum])).toEqual(new Set(made));
    expect(released).toHaveLength(count - 1);
  });
  await fc.assert(property);
});
