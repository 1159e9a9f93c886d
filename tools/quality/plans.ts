/** The trainings whose quality docs/quality.md reports. */
import type { MixtureName } from './points.ts';

export interface QualityPlan {
  /** One line for the usage. */
  readonly about: string;
  /** What is trained: options of `lstm-gan train`, or points of a mixture. */
  readonly train: readonly string[] | MixtureName;
  /** After how many images (or points) the averaged generator is evaluated. */
  readonly images: readonly number[];
}

/** Multiples of a number of images, up to `count` of them. */
const everyImages = (images: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (index + 1) * images);

export const plans: Readonly<Record<string, QualityPlan>> = {
  start: {
    about: 'what npm start trains',
    train: ['--preset', 'digits'],
    images: everyImages(12_800, 7),
  },
  digits: {
    about: 'the preset digits, gone on with for 640,000 images',
    train: ['--preset', 'digits'],
    images: everyImages(64_000, 10),
  },
  try: {
    about: 'a tiny model, to check that the command works; its numbers are not a measurement',
    train: [
      ...['--preset', 'digits', '--batch-size', '16', '--set', 'model.generator={kind: dense, units: [16]}'],
      ...['--set', 'model.discriminator.filters=[4]'],
    ],
    images: everyImages(160, 2),
  },
  'article-emoji': {
    about: 'the preset article on emoji, 64,000 images',
    train: ['--preset', 'article'],
    images: everyImages(16_000, 4),
  },
  ring: {
    about: 'points of 8 normal distributions on a ring',
    train: 'ring',
    images: [1_536_000],
  },
  grid: {
    about: 'points of 25 normal distributions on a grid',
    train: 'grid',
    images: [1_536_000],
  },
};
