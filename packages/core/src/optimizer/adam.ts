/**
 * Adam (Kingma & Ba, 2015) on flat vectors: arithmetic in float64, stored as float32. The caller keeps the powers of
 * beta1 and beta2 as running products, because the results of `Math.pow` differ between Node versions.
 */

import { sumAt, type SumTree } from '../fold/sum-tree.ts';

/**
 * Adam's settings.
 *
 * @category A training step
 */
export interface AdamOptions {
  readonly learningRate: number;
  /** Decay rate of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay rate of the mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the square root, not under it. */
  readonly epsilon: number;
  /** How the learning rate falls. Absent: it does not. `adamAfter` reads it. */
  readonly schedule?: LearningRateSchedule | undefined;
}

/**
 * A learning rate that falls linearly between two counts of images.
 *
 * @category A training step
 */
export interface LearningRateSchedule {
  /** Until then, the learning rate is `learningRate`. */
  readonly startImages: number;
  /** From then on, the learning rate is `finalShare * learningRate`. */
  readonly endImages: number;
  readonly finalShare: number;
}

/** The settings of an update after a training has read `imagesSeen` images, with the learning rate of the schedule. */
export function adamAfter({ schedule, ...options }: AdamOptions, imagesSeen: number): AdamOptions {
  if (schedule === undefined) return options;
  const { startImages, endImages, finalShare } = schedule;
  const progress = Math.min(1, Math.max(0, (imagesSeen - startImages) / (endImages - startImages)));
  return { ...options, learningRate: options.learningRate * (1 - progress * (1 - finalShare)) };
}

/** The vectors of one update. Adam writes the `new...` vectors, and only reads the others. */
export interface AdamVectors {
  /** The sum of gradients, evaluated while it is read. The mean gradient is sum / divisor, rounded to float32. */
  readonly gradientSum: SumTree;
  readonly weights: Float32Array;
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
  readonly newWeights: Float32Array;
  readonly newFirstMoments: Float32Array;
  readonly newSecondMoments: Float32Array;
}

/**
 * Updates the floats of a range. Returns whether the new weights are all finite. `adamUpdate` is the definition; other
 * implementations must give the same bits.
 */
export type AdamUpdate = (
  vectors: AdamVectors,
  /** First float, and one past the last. */
  range: readonly [number, number],
  divisor: number,
  options: AdamOptions,
  beta1Power: number,
  beta2Power: number,
) => boolean;

/**
 * One update: w = w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
 * @param beta1Power beta1^t, where t counts this update too
 * @param beta2Power beta2^t
 */
export const adamUpdate: AdamUpdate = (vectors, [start, end], divisor, options, beta1Power, beta2Power) => {
  const { gradientSum, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments } = vectors;
  const { learningRate, beta1, beta2, epsilon } = options;
  const correction1 = 1 / (1 - beta1Power);
  const correction2 = 1 / (1 - beta2Power);
  let finite = true;
  for (let i = start; i < end; i++) {
    const g = Math.fround(sumAt(gradientSum, i) / divisor);
    const m = beta1 * firstMoments[i] + (1 - beta1) * g;
    const v = beta2 * secondMoments[i] + (1 - beta2) * g * g;
    newFirstMoments[i] = m;
    newSecondMoments[i] = v;
    newWeights[i] = weights[i] - (learningRate * (m * correction1)) / (Math.sqrt(v * correction2) + epsilon);
    finite &&= Number.isFinite(newWeights[i]);
  }
  return finite;
};
