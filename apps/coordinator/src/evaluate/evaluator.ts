/** What evaluates the samples of a checkpoint. The command line brings it; this program only decides when. */
import type { Dataset } from '@lstm-gan/data';

/** A number that is evaluated while a run trains. */
export interface EvaluatedNumber {
  /** As the user wrote it: `fd2k`. */
  readonly name: string;
  /** The metric that it is a number of, with network and number of images: `fd2k_digits`. */
  readonly metric: string;
  /** Its name in the results of the metric; it may be the metric's name. */
  readonly key: string;
  readonly isLowerBetter: boolean;
  /** Whether it is the share of samples that are copies of real images. */
  readonly isCopyShare: boolean;
}

export interface Evaluator {
  readonly numbers: readonly EvaluatedNumber[];
  /**
   * Measures the averaged generator of a checkpoint's file in a process of its own, and appends the metrics to their
   * files in the run's folder. Returns the results by their keys. Rejects with a sentence if that fails.
   * @param signal ends the process
   * @param isBeside whether training goes on meanwhile: the process then has a low priority
   */
  evaluate(checkpoint: string, signal: AbortSignal, isBeside: boolean): Promise<Readonly<Record<string, number>>>;
}

/** What `--metrics` asks for. */
export interface EvaluationPlan {
  /** The names of the numbers, as the user wrote them. */
  readonly names: readonly string[];
  /** After so many images of training, the next checkpoint is evaluated. */
  readonly everyImages: number;
  /** Returns the evaluator for the data of a run. Throws a UserError if the numbers cannot be measured on them. */
  open(dataset: Pick<Dataset, 'name' | 'count' | 'labels'>): Evaluator;
}
