import { assert } from '@lstm-gan/core/errors';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/** Normal distributions in the plane, all with the same standard deviation in both directions. */
export interface Modes {
  readonly centres: readonly (readonly [x: number, y: number])[];
  readonly deviation: number;
}

/** 8 normal distributions on a circle of radius 2, with deviation 0.02 (Metz et al., "Unrolled GANs", 2017). */
export const ringOfGaussians: Modes = {
  centres: Array.from({ length: 8 }, (_, k) => [2 * Math.cos((k * Math.PI) / 4), 2 * Math.sin((k * Math.PI) / 4)]),
  deviation: 0.02,
};

/** 25 normal distributions on a grid from -4 to 4, with deviation 0.05 (Srivastava et al., "VEEGAN", 2017). */
export const gridOfGaussians: Modes = {
  centres: Array.from({ length: 25 }, (_, k) => [2 * (k % 5) - 4, 2 * Math.floor(k / 5) - 4]),
  deviation: 0.05,
};

/** Which modes of a mixture samples hit. */
export interface ModeCount {
  /** How many distributions have a point within 3 deviations of their centre. */
  readonly found: number;
  /** The share of points within 3 deviations of the nearest centre. */
  readonly near: number;
}

/** Counts the modes that points [N, 2] hit, N at least 1 (Srivastava et al., 2017; Lin et al., "PacGAN", 2018). */
export function countModes(points: Matrix, { centres, deviation }: Modes): ModeCount {
  assert(points.width === 2 && points.values.length > 0, 'points of the plane have two numbers');
  const hits = new Set<number>();
  let near = 0;
  for (let first = 0; first < points.values.length; first += 2) {
    const distances = centres.map(([x, y]) => Math.hypot(points.values[first] - x, points.values[first + 1] - y));
    const nearest = Math.min(...distances);
    if (nearest > 3 * deviation) continue;
    near++;
    hits.add(distances.indexOf(nearest));
  }
  return { found: hits.size, near: near / rowsOf(points) };
}
