import type { Contribution } from '@lstm-gan/transport';
import { sampleContribution } from '@lstm-gan/transport/testing';
import { expect, it } from 'vitest';
import { createComparison } from './compare-contributions.ts';

const contribution = (loss: number, sum: readonly number[]) =>
  sampleContribution({ losses: [{ loss }], sums: sum.length === 0 ? [] : [Float32Array.from(sum)] });

it('names who gave other sums or losses for the same lease, down to the last bit', () => {
  const comparison = createComparison();
  const whoDiffers = (first: Contribution, second: Contribution) => {
    comparison.note(7, 'first', first);
    return comparison.whoDiffers(7, { ...second, lease: 8, computeMs: 99 });
  };
  expect(whoDiffers(contribution(1, [1, 2]), contribution(1, [1, 2]))).toBeUndefined();
  expect(whoDiffers(contribution(1, [1, 0]), contribution(1, [1, -0]))).toBe('first');
  expect(whoDiffers(contribution(1, []), contribution(1 + Number.EPSILON, []))).toBe('first');
  expect(comparison.whoDiffers(7, contribution(9, [9]))).toBeUndefined();
});

it('forgets leases whose second contribution never comes', () => {
  const comparison = createComparison();
  for (let lease = 0; lease < 65; lease++) comparison.note(lease, `worker-${lease}`, contribution(lease, []));
  expect(comparison.whoDiffers(0, contribution(99, []))).toBeUndefined();
  expect(comparison.whoDiffers(1, contribution(99, []))).toBe('worker-1');
});
