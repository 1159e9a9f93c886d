import { assert } from '@lstm-gan/core/errors';
import { countText } from './count-text.ts';
import { evaluateClasses, type ClassEvaluation, type ClassLabels } from './evaluate-classes.ts';
import type { Images } from './images.ts';
import { classCoverage } from './measures/class-coverage.ts';
import { measures as allMeasures, type MeasureName } from './measure.ts';
import type { Features, FeatureNetwork } from './networks/feature-network.ts';

/** What one measure found. The names of the metric and of its numbers carry the number of images and the network. */
export interface Metric {
  readonly measure: MeasureName;
  /** For example `fd2k_digits`. */
  readonly name: string;
  /** For example `classes2k_digits_found3`: 10. */
  readonly results: Readonly<Record<string, number>>;
  /** How long the measure took, in milliseconds; the network's time is not in it. */
  readonly elapsedMs: number;
}

/** What is measured, and how. */
export interface EvaluationOptions {
  /** Default: all measures that the network allows. */
  readonly measures?: readonly MeasureName[];
  /** Decides the subsets of measures that draw some. */
  readonly seed: number;
  /** The classes of samples and real images, if each class is to be evaluated by itself. */
  readonly labels?: ClassLabels;
  /** Milliseconds. */
  readonly now: () => number;
  /** Called with what is computed, and how much of it is done. */
  readonly onProgress?: (activity: string, done: number, total: number) => void;
}

/** What a network and the measures found. */
export interface Evaluation {
  readonly metrics: readonly Metric[];
  /** How many samples the network takes for each class; undefined if it is no classifier. */
  readonly classCounts?: readonly number[];
  /** Only if labels were given. */
  readonly perClass?: ClassEvaluation & Pick<Metric, 'elapsedMs'>;
}

/**
 * Compares samples with real images by the features of a network. There must be as many samples as real images, because
 * most measures depend on the number.
 * @param real the network's features of the real images: a caller that evaluates often computes them once
 */
export async function evaluateSamples(
  samples: Images,
  real: Features,
  network: FeatureNetwork,
  { measures, seed, labels, now, onProgress = () => undefined }: EvaluationOptions,
): Promise<Evaluation> {
  assert(samples.count * real.width === real.values.length, 'there are as many samples as real images');
  const features = await network.compute(samples, (done) => onProgress('features', done, samples.count));
  const classes = network.classes?.length ?? 0;
  const metrics: Metric[] = [];
  for (const measure of allMeasures) {
    if (measures?.includes(measure.name) === false || (measure.needsClasses && classes === 0)) continue;
    const startMs = now();
    const numbers = await measure.compute({ samples: features, real, classes, seed }, (done, total) =>
      onProgress(measure.description, done, total),
    );
    const name = `${measure.metric(countText(samples.count))}_${network.name}`;
    const results = Object.entries(numbers).map(([part, value]) => [part === '' ? name : `${name}_${part}`, value]);
    metrics.push({
      measure: measure.name,
      name,
      results: Object.fromEntries(results) as Record<string, number>,
      elapsedMs: now() - startMs,
    });
  }
  const { probabilities } = features;
  const startMs = now();
  const perClass = labels && (await evaluateClasses(labels, features, real, network, seed));
  return {
    metrics,
    classCounts: probabilities && classCoverage(probabilities, classes).counts,
    ...(perClass && { perClass: { ...perClass, elapsedMs: now() - startMs } }),
  };
}
