import { expect, it } from 'vitest';
import { shareAdvice } from './share-advice.ts';

it.each([
  [1, 1],
  [4, 1],
  [4, 2],
  [4, 4],
  [6, 2],
  [6, 3],
  [6, 6],
  [8, 4],
])('is content when %i shards are shared by %i workers', (shards, workers) => {
  expect(shareAdvice(shards, workers)).toBeUndefined();
});

it.each([
  [1, 2, '1 of them never have work. 1 would be as fast'],
  [4, 7, '3 of them never have work. 4 would be as fast'],
  [4, 3, 'one computes 2. 2 workers would be as fast, 4 would be faster.'],
  [8, 3, 'one computes 3. 4 workers would be faster.'],
  [5, 4, 'one computes 2. 3 workers would be as fast, 5 would be faster.'],
])('names a better number where %i shards are shared by %i workers', (shards, workers, advice) => {
  expect(shareAdvice(shards, workers)).toContain(advice);
});
