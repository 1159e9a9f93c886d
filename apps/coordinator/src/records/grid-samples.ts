import { classRows, sampleNoise, streamKey, type ModelConfig } from '@lstm-gan/core';
import { drawLabels } from '@lstm-gan/core/random';
import type { RunConfig } from '@lstm-gan/run';

/** What images are drawn from. */
export interface Samples {
  /** Standard normal numbers [N, latent], a vector for each image. */
  readonly noise: Float32Array;
  /** Only for a conditional model: the class of each image, as `classRows` writes it, [N, classes]. */
  readonly classes?: Float32Array;
  /** Images in a row of a grid. Default: about as many as rows. */
  readonly columns?: number;
}

/** Returns samples of a seed. A conditional model gives each class as often as the data have images of it. */
export function randomSamples(
  { model, classes }: Pick<RunConfig, 'model' | 'classes'>,
  count: number,
  seed: number,
): Samples {
  const noise = sampleNoise(model, count, seed);
  const { condition } = model;
  if (condition === undefined) return { noise };
  const frequencies = classes?.map(({ images }) => images) ?? Array<number>(condition.classes).fill(1);
  const labels = drawLabels(streamKey({ seed, purpose: 'label' }), count, frequencies);
  return { noise, classes: classRows([...labels], condition.classes) };
}

/** Images in a grid of a model without classes, and in the grid of real images. */
export const gridImages = 64;
const imagesOfClass = 8;
/** Models of more classes show the first ones. */
const mostRows = 32;

/**
 * Returns the samples of a grid: 64 images. For a conditional model a row for each class, all rows of the same noise.
 */
export function gridSamples(model: ModelConfig, seed: number): Samples {
  const { condition } = model;
  if (condition === undefined) return { noise: sampleNoise(model, gridImages, seed) };
  const rows = Math.min(condition.classes, mostRows);
  const row = sampleNoise(model, imagesOfClass, seed);
  const noise = new Float32Array(rows * row.length);
  for (let k = 0; k < rows; k++) noise.set(row, k * row.length);
  const labels = Array.from({ length: rows * imagesOfClass }, (_, image) => Math.floor(image / imagesOfClass));
  return { noise, classes: classRows(labels, condition.classes), columns: imagesOfClass };
}
