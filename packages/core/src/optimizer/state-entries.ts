import { assert } from '../errors/assert.ts';
import type { Layout, LayoutEntry } from '../weights/layout.ts';
import { directionSuffix, movingMeanSuffix, varianceNameOf } from '../weights/state-names.ts';
import { sumAt, type SumTree } from '../fold/sum-tree.ts';

/** The share of the old value that a moving average of batch normalisation keeps at each update. */
const movingAverageMomentum = 0.8;

/**
 * Writes the state entries of `newWeights`. The folded contribution, divided by `divisor`, holds
 *
 * * for batch normalisation the batch's mean in the entry of the mean, and the batch's mean of squares in the entry of
 *   the variance. Both entries are moving averages; the (biased) variance is mean of squares - mean^2.
 * * for spectral normalisation the next direction, which replaces the direction.
 */
export function updateStateEntries(
  layout: Layout,
  weights: Float32Array,
  contributionSum: SumTree,
  divisor: number,
  newWeights: Float32Array,
): void {
  for (const { name, role, offset, size } of layout.entries) {
    if (role !== 'state') continue;
    if (name.endsWith(directionSuffix)) {
      for (let i = 0; i < size; i++) newWeights[offset + i] = sumAt(contributionSum, offset + i) / divisor;
    }
    if (!name.endsWith(movingMeanSuffix)) continue;
    const variance = varianceOf(layout, name);
    for (let i = 0; i < size; i++) {
      const mean = Math.fround(sumAt(contributionSum, offset + i) / divisor);
      const spread = Math.max(0, Math.fround(sumAt(contributionSum, variance.offset + i) / divisor) - mean * mean);
      newWeights[offset + i] = movingAverageMomentum * weights[offset + i] + (1 - movingAverageMomentum) * mean;
      newWeights[variance.offset + i] =
        movingAverageMomentum * weights[variance.offset + i] + (1 - movingAverageMomentum) * spread;
    }
  }
}

function varianceOf(layout: Layout, meanName: string): LayoutEntry {
  const name = varianceNameOf(meanName);
  const entry = layout.entries.find((candidate) => candidate.name === name);
  assert(entry !== undefined, `${meanName} has no ${name} beside it`);
  return entry;
}
