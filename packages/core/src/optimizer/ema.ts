import { exp2 } from '../arithmetic/logarithm.ts';

/**
 * Settings of the exponential moving average (EMA) of a generator's weights. Samples are drawn with the averaged
 * weights. Time is counted in images.
 *
 * @category A training step
 */
export interface EmaOptions {
  /** After this many images, old weights have half their influence. */
  readonly halfLifeImages: number;
  /**
   * The half-life is at most `rampUp * images seen`, so it is short early in a run (StyleGAN2). null: no such limit.
   */
  readonly rampUp: number | null;
}

/**
 * Returns beta = 0.5^(batchSize / half-life). `imagesSeen` counts the images of this batch too.
 *
 * @category A training step
 */
export function emaBeta({ halfLifeImages, rampUp }: EmaOptions, batchSize: number, imagesSeen: number): number {
  const halfLife = rampUp === null ? halfLifeImages : Math.min(halfLifeImages, rampUp * imagesSeen);
  return exp2(Math.max(-1000, -batchSize / halfLife));
}

/** Returns beta * ema + (1 - beta) * weights as a new vector, with the same bits as `updateEma`. */
export type EmaUpdate = (ema: Float32Array, weights: Float32Array, beta: number) => Float32Array;

/**
 * Returns beta * ema + (1 - beta) * weights as a new vector.
 *
 * @category A training step
 */
export const updateEma: EmaUpdate = (ema, weights, beta) => {
  const next = new Float32Array(ema.length);
  for (let i = 0; i < ema.length; i++) next[i] = beta * ema[i] + (1 - beta) * weights[i];
  return next;
};
