import { assert } from '../user-error.ts';
import type { Layout, LayoutEntry } from '../weights/layout.ts';

/** The share of the old value that a moving average of batch normalisation keeps at each update. */
const movingAverageMomentum = 0.8;

export const movingMeanSuffix = '/movingMean';
export const movingVarianceSuffix = '/movingVariance';

/**
 * Moves the state entries: the folded contribution holds the batch's mean, and its mean of squares in the variance's
 * place; the (biased) variance is mean of squares - mean^2.
 */
export function moveAverages(
  layout: Layout,
  weights: Float32Array,
  contribution: Float32Array,
  newWeights: Float32Array,
): void {
  for (const { name, role, offset, size } of layout.entries) {
    if (role !== 'state' || !name.endsWith(movingMeanSuffix)) continue;
    const variance = varianceOf(layout, name);
    for (let i = 0; i < size; i++) {
      const mean = contribution[offset + i];
      const spread = Math.max(0, contribution[variance.offset + i] - mean * mean);
      newWeights[offset + i] = movingAverageMomentum * weights[offset + i] + (1 - movingAverageMomentum) * mean;
      newWeights[variance.offset + i] =
        movingAverageMomentum * weights[variance.offset + i] + (1 - movingAverageMomentum) * spread;
    }
  }
}

function varianceOf(layout: Layout, meanName: string): LayoutEntry {
  const name = meanName.slice(0, -movingMeanSuffix.length) + movingVarianceSuffix;
  const entry = layout.entries.find((candidate) => candidate.name === name);
  assert(entry !== undefined, `${meanName} has no ${name} beside it`);
  return entry;
}
