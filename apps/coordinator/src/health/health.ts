/**
 * Says while a run trains what goes wrong with it: by the losses of each step, and by the sample grids. A finding is
 * said once, written to the run's `health.jsonl`, and repeated in the report at the end.
 */
import { imagesPerStep, type Finding, type HealthEvent, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import type { EvaluatedNumber } from '../evaluate/evaluator.ts';
import { createLossWatch } from './watch-losses.ts';

export interface Health {
  /** Takes the losses of the next committed step. */
  observe(metrics: Pick<StepMetrics, 'step' | 'losses'>): void;
  /**
   * Takes a sample grid of a step.
   * @param diversity how different its images are from each other, divided by how different real images are; NaN if that
   * is not known
   */
  observeGrid(step: number, diversity: number): void;
  /** Takes a number that was evaluated from the averaged generator of a step. */
  observeNumber(number: EvaluatedNumber, step: number, value: number): void;
  /** Forgets what was found after a step: training goes on from there. */
  rewind(step: number): void;
  /** How the run is at the moment, in a word or two. */
  readonly word: string;
  /** Everything that was found, also by earlier starts of the run. */
  readonly findings: readonly Finding[];
}

/** Grids are judged from here on: before, most generators draw gray. */
const firstJudgedImages = 10_000;
/** A grid whose images are less different than this shows one picture. */
const leastDiversity = 0.1;

/** A number that is worse than its best value by this factor says that the run is past its best. */
const mostWorse = 1.3;
/** Numbers may vary at the beginning: only the third value and later ones are judged. */
const firstJudgedValue = 3;
/** A share of images that are copies. By chance it is 0.01. */
const mostCopies = 0.2;

const advice: Readonly<Record<HealthEvent, string>> = {
  diverged:
    'Stop the run, and train again with lower learning rates: --set optimizer.generator.learningRate=N --set optimizer.discriminator.learningRate=N.',
  'discriminator-ahead':
    'Lower the learning rate of the discriminator, raise its dropout, or regularize it: --set model.regularizer.kind=approximate-r1.',
  'one-picture':
    'Go back to an earlier checkpoint, or train again with lower learning rates, with --set model.discriminator.minibatchDeviation=4, or with larger batches.',
  'past-best':
    'Stop the run and draw from its best checkpoint: lstm-gan sample RUN --best METRIC. A lower learning rate or a schedule (optimizer.generator.schedule) may prevent it.',
  copies: 'Train on more images or with --flip, or take an earlier checkpoint.',
};

const words: Readonly<Record<HealthEvent, string>> = {
  diverged: 'diverged',
  'discriminator-ahead': 'D ahead',
  'one-picture': 'one picture',
  'past-best': 'past its best',
  copies: 'copies',
};

/**
 * @param earlier the findings of earlier starts of the run, which are not said again
 * @param say called with each new finding
 */
export function createHealth(config: RunConfig, earlier: readonly Finding[], say: (finding: Finding) => void): Health {
  const losses = createLossWatch(config);
  let findings = [...earlier];
  let ofLosses: HealthEvent | 'healthy' | 'unknown' = 'unknown';
  let isOnePicture = false;
  const numbers = new Map<string, { count: number; best: number; verdict?: 'past-best' | 'copies' }>();
  const find = (event: HealthEvent, step: number, message: string): void => {
    if (findings.some((finding) => finding.event === event)) return;
    const finding = { event, step, images: step * imagesPerStep(config), message, advice: advice[event] };
    findings.push(finding);
    say(finding);
  };
  return {
    observe(metrics) {
      const verdict = losses.observe(metrics);
      ofLosses = verdict.kind;
      if ('message' in verdict) find(verdict.kind, metrics.step, verdict.message);
    },
    observeGrid(step, diversity) {
      isOnePicture = step * imagesPerStep(config) >= firstJudgedImages && diversity < leastDiversity;
      if (!isOnePicture) return;
      const message = `The generator draws one picture for every noise: the images of the sample grid of step ${step} differ by ${(100 * diversity).toFixed(1)} % of what real images differ by.`;
      find('one-picture', step, message);
    },
    observeNumber({ key, isLowerBetter, isCopyShare }, step, value) {
      const { count = 0, best = value } = numbers.get(key) ?? {};
      const verdict = isCopyShare
        ? value > mostCopies && step * imagesPerStep(config) >= firstJudgedImages
          ? 'copies'
          : undefined
        : count + 1 >= firstJudgedValue && isMuchWorse(value, best, isLowerBetter)
          ? 'past-best'
          : undefined;
      numbers.set(key, {
        count: count + 1,
        best: isLowerBetter ? Math.min(best, value) : Math.max(best, value),
        ...(verdict && { verdict }),
      });
      const text = value.toPrecision(4);
      if (verdict === 'past-best')
        find(verdict, step, `${key} is ${text} after step ${step}, and was ${best.toPrecision(4)} at its best.`);
      if (verdict === 'copies')
        find(
          verdict,
          step,
          `The generator copies real images: ${key} is ${text} after step ${step}, and 0.01 by chance.`,
        );
    },
    rewind(step) {
      findings = findings.filter((finding) => finding.step <= step);
      losses.forget();
    },
    get word() {
      if (ofLosses === 'diverged') return words.diverged;
      if (isOnePicture) return words['one-picture'];
      for (const { verdict } of numbers.values()) if (verdict !== undefined) return words[verdict];
      if (ofLosses === 'unknown') return 'too early to judge';
      return ofLosses === 'healthy' ? 'healthy' : words[ofLosses];
    },
    get findings() {
      return findings;
    },
  };
}

/** Whether a number is worse than its best value by the factor `mostWorse`. Numbers of 0 and less have no factor. */
function isMuchWorse(value: number, best: number, isLowerBetter: boolean): boolean {
  if (best <= 0) return false;
  return isLowerBetter ? value > mostWorse * best : value < best / mostWorse;
}
