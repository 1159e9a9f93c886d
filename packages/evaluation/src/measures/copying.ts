import { partOf, type OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';
import { nearestRows } from './nearest-rows.ts';

/** How near samples come to the images that a generator was trained on. */
export interface Copying {
  /**
   * The median distance of a sample to its nearest real image, divided by the median distance of a real image to its
   * nearest other one. Far below 1: samples are copies.
   */
  readonly nearness: number;
  /**
   * The share of samples that are nearer to a real image than 99 % of real images are to their nearest other one. By
   * chance it is 0.01.
   */
  readonly share: number;
}

/**
 * Compares samples' distances to their nearest training images with the distances among these images, after Meehan,
 * Chaudhuri & Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models" (2020).
 * @param samples [M, D], M at least 1
 * @param real [N, D], N at least 2: images that the generator was trained on
 */
export async function copying(samples: Matrix, real: Matrix, onRows: OnRows = () => undefined): Promise<Copying> {
  const total = rowsOf(samples) + rowsOf(real);
  const distances = async (x: Matrix, before: number): Promise<number[]> =>
    (await nearestRows(x, real, partOf(onRows, before, total))).map(({ distance }) => distance).sort((a, b) => a - b);
  const toReal = await distances(samples, 0);
  const amongReal = await distances(real, rowsOf(samples));
  const bound = amongReal[Math.floor(amongReal.length / 100)];
  return {
    nearness: middleOf(toReal) / middleOf(amongReal),
    share: toReal.filter((distance) => distance < bound).length / toReal.length,
  };
}

const middleOf = (sorted: readonly number[]): number => sorted[sorted.length >> 1];
