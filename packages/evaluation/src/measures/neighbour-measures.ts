import { UserError } from '@lstm-gan/core/errors';
import { eachDistanceStrip } from '../linear/each-distance-strip.ts';
import { partOf, type OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/** Measures that ask which samples lie near real images, and the other way round. All but `density` are shares. */
export interface NeighbourMeasures {
  /** The share of samples that lie in the ball of a real image: how good samples are. */
  readonly precision: number;
  /** The share of real images that lie in the ball of a sample: how varied samples are. */
  readonly recall: number;
  /** The mean number of real images' balls that a sample lies in, divided by k; may exceed 1. */
  readonly density: number;
  /** The share of real images in whose ball a sample lies. */
  readonly coverage: number;
}

/**
 * Precision and recall (Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
 * 2019), and density and coverage (Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020).
 * The ball of an image reaches to its k-th nearest neighbour in its own set, itself not counted; its surface is not a
 * part of it.
 *
 * @param real [N, D], N above k; throws a UserError if a set is too small
 * @param samples [M, D], M above k
 */
export async function neighbourMeasures(
  real: Matrix,
  samples: Matrix,
  k: number,
  onRows: OnRows = () => undefined,
): Promise<NeighbourMeasures> {
  const [realCount, sampleCount] = [rowsOf(real), rowsOf(samples)];
  if (Math.min(realCount, sampleCount) <= k) {
    throw new UserError({
      code: 'too-few-images',
      message: `A measure of ${k} neighbours needs more than ${k} images; there are ${Math.min(realCount, sampleCount)}.`,
      advice: 'Give more images.',
    });
  }
  const total = 2 * realCount + sampleCount;
  const from = (before: number): OnRows => partOf(onRows, before, total);
  const realBalls = await squaredRadii(real, k, from(0));
  const sampleBalls = await squaredRadii(samples, k, from(realCount));
  /** For each sample, the number of real balls around it; for each real image, whether a sample's ball has it. */
  const around = new Uint32Array(sampleCount);
  let [recalled, covered] = [0, 0];
  await eachDistanceStrip(
    real,
    samples,
    ({ firstRow, rows, products, stride }) => {
      for (let i = 0; i < rows; i++) {
        let [isRecalled, isCovered] = [false, false];
        for (let j = 0; j < sampleCount; j++) {
          const squared = products[i * stride + j];
          if (squared < sampleBalls[j]) isRecalled = true;
          if (squared < realBalls[firstRow + i]) {
            isCovered = true;
            around[j]++;
          }
        }
        if (isRecalled) recalled++;
        if (isCovered) covered++;
      }
    },
    from(realCount + sampleCount),
  );
  return {
    precision: around.filter((count) => count > 0).length / sampleCount,
    recall: recalled / realCount,
    density: around.reduce((sum, count) => sum + count, 0) / (k * sampleCount),
    coverage: covered / realCount,
  };
}

/** For each row, the squared distance to its k-th nearest other row. */
async function squaredRadii(matrix: Matrix, k: number, onRows: OnRows): Promise<Float64Array> {
  const count = rowsOf(matrix);
  /** The k smallest distances of each row, ascending. */
  const nearest = new Float64Array(count * k).fill(Infinity);
  const insert = (row: number, squared: number): void => {
    const last = row * k + k - 1;
    if (squared >= nearest[last]) return;
    let place = last;
    for (; place > row * k && nearest[place - 1] > squared; place--) nearest[place] = nearest[place - 1];
    nearest[place] = squared;
  };
  await eachDistanceStrip(
    matrix,
    matrix,
    ({ firstRow, rows, firstColumn, products, stride }) => {
      for (let i = 0; i < rows; i++) {
        for (let j = i + 1; j < count - firstColumn; j++) {
          insert(firstRow + i, products[i * stride + j]);
          insert(firstColumn + j, products[i * stride + j]);
        }
      }
    },
    onRows,
  );
  return Float64Array.from({ length: count }, (_, row) => nearest[row * k + k - 1]);
}
