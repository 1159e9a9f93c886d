import { exp2 } from '../arithmetic/logarithm.ts';

/** The exponential moving average of a generator's weights, from which samples are drawn. Counted in images. */
export interface EmaOptions {
  /** After this many images old weights count half. */
  readonly halfLifeImages: number;
  /** Shortens the half-life to `rampUp * images seen` early on (StyleGAN2); null never does. */
  readonly rampUp: number | null;
}

/** beta = 0.5^(batchSize / half-life), after `imagesSeen` images, this batch included. */
export function emaBeta({ halfLifeImages, rampUp }: EmaOptions, batchSize: number, imagesSeen: number): number {
  const halfLife = rampUp === null ? halfLifeImages : Math.min(halfLifeImages, rampUp * imagesSeen);
  return exp2(Math.max(-1000, -batchSize / halfLife));
}

/** beta * ema + (1 - beta) * weights, as a new vector; `updateEma` is the definition. */
export type EmaUpdate = (ema: Float32Array, weights: Float32Array, beta: number) => Float32Array;

/** beta * ema + (1 - beta) * weights, as a new vector. */
export const updateEma: EmaUpdate = (ema, weights, beta) => {
  const next = new Float32Array(ema.length);
  for (let i = 0; i < ema.length; i++) next[i] = beta * ema[i] + (1 - beta) * weights[i];
  return next;
};
