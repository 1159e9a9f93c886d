/**
 * Decides when a run has trained enough: a loss, averaged over the last steps, is below (or above) a threshold for some
 * steps in a row. This is a pure function of the losses, which do not depend on the workers. So a run ends after the
 * same step with any number of workers, and also if it was stopped and resumed on the way.
 */
import { nearestName, UserError } from '@lstm-gan/core/errors';
import type { StepMetrics } from './metrics.ts';

const losses = {
  'losses.generator': 'generator',
  'losses.discriminator': 'discriminator',
  'losses.penalty': 'penalty',
} as const;

/** The condition that ends a run. */
export interface StopCondition {
  /** A loss, such as `losses.generator`, or the name of a number that is evaluated while the run trains. */
  readonly metric: string;
  readonly comparison: '<' | '>';
  readonly threshold: number;
  /** Number of steps that the loss is averaged over. */
  readonly windowSteps: number;
  /** Number of steps in a row for which the condition must hold. */
  readonly patienceSteps: number;
}

/** Follows the losses of a run, step by step, or a number that is evaluated now and then. */
export interface StopRule {
  readonly condition: StopCondition;
  /** Takes the losses of the next step. If a step was left out, the rule starts again from nothing. */
  observe(metrics: Pick<StepMetrics, 'step' | 'losses'>): void;
  /** Takes a number of the averaged generator of a step. */
  observeNumber(name: string, step: number, value: number): void;
  /**
   * Puts the rule back into the state that it had after `step`. If the rule remembers no state of `step` or of an
   * earlier step, puts it back into its initial state.
   */
  rewind(step: number): void;
  /** The average after the last step, or the last number. Undefined until there are enough steps. */
  readonly value: number | undefined;
  readonly isMet: boolean;
}

/** Whether a condition is about a loss. Otherwise it is about a number that is evaluated while the run trains. */
export function isAboutLoss({ metric }: Pick<StopCondition, 'metric'>): boolean {
  return metric in losses;
}

/**
 * Reads a condition like `losses.generator<0.7` or `fd2k<20`. Throws a UserError that says what is allowed.
 * @param evaluated the names of the numbers that are evaluated while the run trains
 */
export function parseStopCondition(
  text: string,
  evaluated: readonly string[] = [],
): Pick<StopCondition, 'metric' | 'comparison' | 'threshold'> {
  const [, metric, comparison, number] = /^\s*([\w.]+)\s*([<>])\s*(\S+)\s*$/.exec(text) ?? [];
  const threshold = Number(number);
  const names = [...Object.keys(losses), ...evaluated];
  if (metric !== undefined && names.includes(metric) && Number.isFinite(threshold)) {
    return { metric, comparison: comparison as '<' | '>', threshold };
  }
  const nearest = metric === undefined || names.includes(metric) ? undefined : nearestName(metric, names);
  throw new UserError({
    code: 'stop-when',
    message:
      '--stop-when takes METRIC<NUMBER or METRIC>NUMBER, ' + `where METRIC is one of ${names.join(', ')}; got ${text}.`,
    advice:
      nearest === undefined
        ? "For example --stop-when 'losses.generator<0.7'; quote it, as shells take < and > for themselves. A number of evaluate, such as fd2k, needs --metrics fd2k too."
        : `Did you mean ${nearest}?`,
  });
}

/**
 * Number of steps that `rewind` can go back. This is enough to reach the last checkpoint, because by default a
 * checkpoint is written every ten seconds.
 */
const rememberedSteps = 10_000;

/** A rule that has observed no step yet. */
export function createStopRule(condition: StopCondition): StopRule {
  return isAboutLoss(condition) ? createLossRule(condition) : createNumberRule(condition);
}

/** A rule that is met by the first number that fulfils its condition. */
function createNumberRule(condition: StopCondition): StopRule {
  const { metric, comparison, threshold } = condition;
  let last: { readonly step: number; readonly value: number } | undefined;
  return {
    condition,
    observe: () => undefined,
    observeNumber(name, step, value) {
      if (name === metric) last = { step, value };
    },
    rewind(step) {
      if (last !== undefined && last.step > step) last = undefined;
    },
    get value() {
      return last?.value;
    },
    get isMet() {
      return last !== undefined && (comparison === '<' ? last.value < threshold : last.value > threshold);
    },
  };
}

function createLossRule(condition: StopCondition): StopRule {
  const { metric, comparison, threshold, windowSteps, patienceSteps } = condition;
  let window: number[] = [];
  let lastStep: number | undefined;
  const past: { readonly step: number; readonly window: number[]; readonly heldSteps: number }[] = [];
  let heldSteps = 0;
  const average = (): number | undefined =>
    window.length < windowSteps ? undefined : window.reduce((sum, loss) => sum + loss, 0) / windowSteps;
  return {
    condition,
    observeNumber: () => undefined,
    observe({ step, losses: ofStep }) {
      if (step !== (lastStep ?? step - 1) + 1) {
        window = [];
        heldSteps = 0;
      }
      lastStep = step;
      window = [...window.slice(1 - windowSteps || window.length), ofStep[losses[metric as keyof typeof losses]]];
      const value = average();
      const holds = value !== undefined && (comparison === '<' ? value < threshold : value > threshold);
      heldSteps = holds ? heldSteps + 1 : 0;
      past.push({ step, window, heldSteps });
      if (past.length > rememberedSteps) past.shift();
    },
    rewind(step) {
      while (past.length > 0 && (past.at(-1)?.step ?? 0) > step) past.pop();
      const before = past.at(-1);
      [window, heldSteps, lastStep] = [before?.window ?? [], before?.heldSteps ?? 0, before?.step];
    },
    get value() {
      return average();
    },
    get isMet() {
      return heldSteps >= patienceSteps;
    },
  };
}

/**
 * Whether the average `value` is better than the average `than`: lower for a condition with `<`, higher for one with
 * `>`.
 */
export function isBetter({ comparison }: StopCondition, value: number, than: number): boolean {
  return comparison === '<' ? value < than : value > than;
}

/** Says why a run ends: `the mean of losses.generator over 100 steps was 0.6834, below 0.7`. */
export function describeStop({ condition, value }: StopRule): string {
  const { metric, comparison, threshold, windowSteps } = condition;
  const steps = `${windowSteps} ${windowSteps === 1 ? 'step' : 'steps'}`;
  const side = comparison === '<' ? 'below' : 'above';
  if (!isAboutLoss(condition)) return `${metric} was ${value?.toPrecision(4)}, ${side} ${threshold}`;
  return `the mean of ${metric} over ${steps} was ${value?.toPrecision(4)}, ${side} ${threshold}`;
}
