import { assert } from '@lstm-gan/core/errors';

/** What a classifier says about a set of samples. Shares are from 0 to 1. */
export interface ClassCoverage {
  /** How many samples the classifier takes for each class. */
  readonly counts: readonly number[];
  /** How many classes have at least 1 % of the samples, and how many at least 3 %. */
  readonly found1: number;
  readonly found3: number;
  /** The share of samples whose most probable class has a probability above 0.9. */
  readonly confident: number;
  /**
   * The entropy of the classes' shares, -sum p ln p (Shannon, 1948), divided by its maximum, the logarithm of the
   * number of classes: 1 if all classes are equally frequent, 0 if there is only one.
   */
  readonly entropy: number;
}

/** Counts the classes that samples belong to. @param probabilities [N, classes], N at least 1; classes at least 2 */
export function classCoverage(probabilities: Float32Array, classes: number): ClassCoverage {
  const samples = probabilities.length / classes;
  assert(samples >= 1 && classes >= 2, 'there are samples and classes');
  const counts = Array<number>(classes).fill(0);
  let confident = 0;
  for (let first = 0; first < probabilities.length; first += classes) {
    const row = probabilities.subarray(first, first + classes);
    const highest = Math.max(...row);
    counts[row.indexOf(highest)]++;
    if (highest > 0.9) confident++;
  }
  const shares = counts.map((count) => count / samples);
  return {
    counts,
    found1: shares.filter((share) => share >= 0.01).length,
    found3: shares.filter((share) => share >= 0.03).length,
    confident: confident / samples,
    entropy: -shares.reduce((sum, p) => sum + (p === 0 ? 0 : p * Math.log(p)), 0) / Math.log(classes),
  };
}
