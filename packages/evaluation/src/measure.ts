import { classCoverage } from './measures/class-coverage.ts';
import { copying } from './measures/copying.ts';
import { featureDiversity } from './measures/feature-diversity.ts';
import { frechetDistance } from './measures/frechet-distance.ts';
import { kernelDistance } from './measures/kernel-distance.ts';
import { neighbourMeasures } from './measures/neighbour-measures.ts';
import type { Features } from './networks/feature-network.ts';

/** What a measure reads. Samples and real images are equally many. */
export interface Compared {
  readonly samples: Features;
  readonly real: Features;
  /** The number of classes of the network; 0 if it is no classifier. */
  readonly classes: number;
  /** Decides the subsets of measures that draw some. */
  readonly seed: number;
}

/** A way to judge samples. */
export interface Measure {
  readonly name: MeasureName;
  /** For people: short. */
  readonly description: string;
  /** The name of the metric for a number of images, as text, without the network: `fd2k`. */
  metric(images: string): string;
  /** What each number of the metric means. The number '' is called as the metric itself. */
  readonly numbers: Readonly<Record<string, string>>;
  /** The numbers of the metric. */
  compute(compared: Compared, onProgress: (done: number, total: number) => void): Promise<Record<string, number>>;
  /** Whether it reads probabilities of classes. */
  readonly needsClasses?: true;
}

/** The names of all measures. */
export type MeasureName = 'classes' | 'fd' | 'kid' | 'neighbours3' | 'neighbours5' | 'diversity' | 'copying';

const noNumbers = new Float32Array();

const classes: Measure = {
  name: 'classes',
  description: 'classes',
  needsClasses: true,
  metric: (images) => `classes${images}`,
  numbers: {
    found1: 'classes that have 1 % of the samples or more',
    found3: 'classes that have 3 % of the samples or more',
    confident: 'share of samples whose class has a probability above 0.9',
    confident_real: 'the same of the real images',
    entropy: 'entropy of the classes: 1 if all are equally frequent, 0 if there is one',
    entropy_real: 'the same of the real images',
  },
  async compute({ samples, real, classes: count }) {
    const [drawn, given] = [samples, real].map(({ probabilities = noNumbers }) => classCoverage(probabilities, count));
    return {
      found1: drawn.found1,
      found3: drawn.found3,
      confident: drawn.confident,
      confident_real: given.confident,
      entropy: drawn.entropy,
      entropy_real: given.entropy,
    };
  },
};

const fd: Measure = {
  name: 'fd',
  description: 'Frechet distance',
  metric: (images) => `fd${images}`,
  numbers: { '': 'Frechet distance of the features: 0 is best' },
  compute: async ({ samples, real }, onProgress) => ({ '': await frechetDistance(samples, real, onProgress) }),
};

const kid: Measure = {
  name: 'kid',
  description: 'kernel distance',
  metric: (images) => `kid${images}`,
  numbers: { '': 'kernel distance of the features: 0 is best', deviation: 'its standard deviation over 100 subsets' },
  async compute({ samples, real, seed }, onProgress) {
    const { mean, deviation } = await kernelDistance(real, samples, seed, onProgress);
    return { '': mean, deviation };
  },
};

const neighbours = (k: 3 | 5): Measure => ({
  name: `neighbours${k}`,
  description: `precision, recall, density, coverage with ${k} neighbours`,
  metric: (images) => `neighbours${images}_k${k}`,
  numbers: {
    precision: 'share of samples that lie near real images: how good they are',
    recall: 'share of real images that lie near samples: how varied they are',
    density: 'how many real images lie near a sample: about 1 for real images',
    coverage: 'share of real images that have a sample near them',
  },
  compute: async ({ samples, real }, onProgress) => ({ ...(await neighbourMeasures(real, samples, k, onProgress)) }),
});

const diversity: Measure = {
  name: 'diversity',
  description: 'diversity',
  metric: (images) => `diversity${images}`,
  numbers: {
    '': 'mean distance of samples from each other, divided by that of real images: 1 is best',
    samples: 'mean distance of samples from each other',
    real: 'mean distance of real images from each other',
  },
  async compute({ samples, real }, onProgress) {
    const ofSamples = await featureDiversity(samples, (done, total) => onProgress(done, 2 * total));
    const ofReal = await featureDiversity(real, (done, total) => onProgress(total + done, 2 * total));
    return { '': ofSamples / ofReal, samples: ofSamples, real: ofReal };
  },
};

const copies: Measure = {
  name: 'copying',
  description: 'nearest real images',
  metric: (images) => `copying${images}`,
  numbers: {
    nearness: 'distance of a sample to the nearest real image, divided by that of a real one: far below 1 are copies',
    share: 'share of samples nearer to a real image than 99 % of real ones are: 0.01 by chance',
  },
  compute: async ({ samples, real }, onProgress) => ({ ...(await copying(samples, real, onProgress)) }),
};

/** All measures, in the order in which they are computed. */
export const measures: readonly Measure[] = [classes, fd, kid, neighbours(3), neighbours(5), diversity, copies];

/** What a number of a measure means, in a few words. @param suffix what follows the metric's name: '', or `_found3` */
export function explainNumber(measure: MeasureName, suffix: string): string {
  return measures.find(({ name }) => name === measure)?.numbers[suffix.replace(/^_/, '')] ?? '';
}
