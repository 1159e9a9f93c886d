import { classCoverage } from './measures/class-coverage.ts';
import { frechetDistance } from './measures/frechet-distance.ts';
import type { Features } from './networks/feature-network.ts';

/** What a measure reads. Samples and real images are equally many. */
export interface Compared {
  readonly samples: Features;
  readonly real: Features;
  /** The number of classes of the network; 0 if it is no classifier. */
  readonly classes: number;
}

/** A way to judge samples. */
export interface Measure {
  /** For `--metrics` and for people: short. */
  readonly name: MeasureName;
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
export type MeasureName = 'classes' | 'fd';

const noNumbers = new Float32Array();

/** All measures, the fastest first. */
export const measures: readonly Measure[] = [
  {
    name: 'classes',
    description: 'classes among the samples',
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
    async compute({ samples, real, classes }) {
      const [drawn, given] = [samples, real].map(({ probabilities = noNumbers }) =>
        classCoverage(probabilities, classes),
      );
      return {
        found1: drawn.found1,
        found3: drawn.found3,
        confident: drawn.confident,
        confident_real: given.confident,
        entropy: drawn.entropy,
        entropy_real: given.entropy,
      };
    },
  },
  {
    name: 'fd',
    description: 'Frechet distance',
    numbers: { '': 'Frechet distance of the features: 0 is best' },
    metric: (images) => `fd${images}`,
    compute: async ({ samples, real }, onProgress) => ({ '': await frechetDistance(samples, real, onProgress) }),
  },
];

/** What a number of a measure means, in a few words. @param suffix what follows the metric's name: '', or `_found3` */
export function explainNumber(measure: MeasureName, suffix: string): string {
  return measures.find(({ name }) => name === measure)?.numbers[suffix.replace(/^_/, '')] ?? '';
}
