import type { Dataset } from '@lstm-gan/data';
import type { Samples } from '../records/grid-samples.ts';
import { readImages } from '../records/real-images.ts';
import { imageSpread } from './image-spread.ts';

/** The part of a data set that is compared with a grid. */
type Comparable = Pick<Dataset, 'count' | 'size' | 'channels' | 'labels' | 'read'>;

/**
 * Returns a function that says how different the images of a sample grid are from each other, divided by how different
 * as many real images are (`imageSpread`): about 1 if the generator draws as many pictures as the data have, 0 if it
 * draws one. In the grid of a conditional model, only images of one class are compared. NaN if the data have no two
 * images of a class.
 */
export function createGridDiversity(dataset: Comparable, samples: Samples, latent: number) {
  const count = samples.noise.length / latent;
  const { columns = count, classes } = samples;
  // The grid of a conditional model has a row for each class, from class 0 on.
  const groups = Array.from({ length: count }, (_, image) => (classes === undefined ? 0 : Math.floor(image / columns)));
  let real: number | undefined;
  return (images: Float32Array): number => {
    real ??= spreadOfReal(dataset, groups);
    return imageSpread(images, groups) / real;
  };
}

/** The spread of as many real images as a grid has, or of fewer if a class has fewer. */
function spreadOfReal(dataset: Comparable, groups: readonly number[]): number {
  const { labels } = dataset;
  const all = Array.from({ length: dataset.count }, (_, image) => image);
  const chosen = [...new Set(groups)].flatMap((group) => {
    const wanted = groups.filter((other) => other === group).length;
    const isConditional = wanted < groups.length && labels !== undefined;
    const images = isConditional ? all.filter((image) => labels.values[image] === group) : all;
    return evenly(images, wanted).map((image) => ({ image, group }));
  });
  const pixels = readImages(
    dataset,
    chosen.map(({ image }) => image),
  );
  return imageSpread(
    pixels,
    chosen.map(({ group }) => group),
  );
}

/** At most so many of some images, evenly spaced. */
function evenly(images: readonly number[], most: number): number[] {
  const count = Math.min(most, images.length);
  return Array.from({ length: count }, (_, k) => images[Math.floor((k * images.length) / count)]);
}
