import { streamKey } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { permutation } from '@lstm-gan/core/random';
import { eachStrip, partOf, type OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/** The squared distance of two sets in the space of a kernel: its mean over subsets, and its standard deviation. */
export interface KernelDistance {
  readonly mean: number;
  readonly deviation: number;
}

/** Rows of x and rows of y, equally many, that are compared with each other. Each list is sorted. */
export interface SubsetPair {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

const subsetCount = 100;
const largestSubset = 1000;

/**
 * The kernel distance (KID) of two sets of features: the squared maximum mean discrepancy with the kernel
 * k(a, b) = (a.b / D + 1)^3, in its unbiased estimate
 *
 *     sum over i != j of (k(x_i, x_j) + k(y_i, y_j)) / (m (m - 1))  -  2 sum over i, j of k(x_i, y_j) / m^2
 *
 * for m rows x and m rows y (Binkowski et al., "Demystifying MMD GANs", 2018; Gretton et al., 2012). It is computed on
 * 100 subsets of 1,000 rows each, or of half the rows if that is fewer. It may be a little below 0.
 *
 * @param x [N, D], N at least 4
 * @param y [M, D], M at least 4
 * @param seed decides which rows the subsets have
 */
export async function kernelDistance(x: Matrix, y: Matrix, seed: number, onRows?: OnRows): Promise<KernelDistance> {
  const size = Math.min(largestSubset, Math.floor(Math.min(rowsOf(x), rowsOf(y)) / 2));
  assert(size >= 2, 'a subset has at least 2 rows');
  const draw = (count: number, step: number): number[] => [
    ...permutation(streamKey({ seed, purpose: 'kernel-subset', step }), count)
      .subarray(0, size)
      .sort(),
  ];
  const pairs = Array.from({ length: subsetCount }, (_, k) => ({
    x: draw(rowsOf(x), 2 * k),
    y: draw(rowsOf(y), 2 * k + 1),
  }));
  return kernelDistanceOf(x, y, pairs, onRows);
}

/** The kernel distance on given subsets. The deviation divides by the number of subsets. */
export async function kernelDistanceOf(
  x: Matrix,
  y: Matrix,
  pairs: readonly SubsetPair[],
  onRows: OnRows = () => undefined,
): Promise<KernelDistance> {
  const [xRows, yRows] = [rowsOf(x), rowsOf(y)];
  const total = 2 * xRows + yRows;
  const from = (before: number): OnRows => partOf(onRows, before, total);
  const withinX = await kernelSums(
    x,
    x,
    pairs.map((pair) => [pair.x, pair.x]),
    from(0),
  );
  const withinY = await kernelSums(
    y,
    y,
    pairs.map((pair) => [pair.y, pair.y]),
    from(xRows),
  );
  const between = await kernelSums(
    x,
    y,
    pairs.map((pair) => [pair.x, pair.y]),
    from(xRows + yRows),
  );
  const distances = pairs.map(({ x: rows }, k) => {
    const m = rows.length;
    return (withinX[k] + withinY[k]) / (m * (m - 1)) - (2 * between[k]) / (m * m);
  });
  const mean = distances.reduce((sum, value) => sum + value, 0) / distances.length;
  const variance = distances.reduce((sum, value) => sum + (value - mean) ** 2, 0) / distances.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/**
 * For each subset, the sum of the kernel over its rows and columns; without those of a row with itself if x is y. Every
 * kernel value is computed once, however many subsets it is in.
 */
async function kernelSums(
  x: Matrix,
  y: Matrix,
  subsets: readonly (readonly [rows: readonly number[], columns: readonly number[]])[],
  onRows: OnRows,
): Promise<Float64Array> {
  const isSame = x === y;
  const sums = new Float64Array(subsets.length);
  const columnCount = rowsOf(y);
  await eachStrip(
    x,
    y,
    ({ firstRow, rows: count, firstColumn, products, stride }) => {
      for (let i = 0; i < count; i++) {
        for (let j = i * stride; j < i * stride + columnCount - firstColumn; j++)
          products[j] = (products[j] / x.width + 1) ** 3;
      }
      for (const [k, [rows, columns]] of subsets.entries()) {
        let sum = 0;
        for (let place = lowerBound(rows, firstRow); rows[place] < firstRow + count; place++) {
          const start = (rows[place] - firstRow) * stride - firstColumn;
          // Only pairs above the diagonal: the others are their mirror images.
          for (let next = isSame ? place + 1 : 0; next < columns.length; next++) sum += products[start + columns[next]];
        }
        sums[k] += isSame ? 2 * sum : sum;
      }
    },
    onRows,
  );
  return sums;
}

/** The place of the first number of a sorted list that is not below a bound. */
function lowerBound(sorted: readonly number[], bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
