/**
 * When a run has trained enough: a loss, averaged over the last steps, is on the right side of a number for some steps in
 * a row. A pure function of the steps' losses, which are the same for any number of workers, so the run ends behind the
 * same step whoever computes, and wherever it was stopped and gone on with on the way.
 */
import { nearestName, UserError } from '@lstm-gan/core/errors';
import type { StepMetrics } from './metrics.ts';

const losses = {
  'losses.generator': 'generator',
  'losses.discriminator': 'discriminator',
  'losses.penalty': 'penalty',
} as const;

/** What is to hold before a run ends. */
export interface StopCondition {
  readonly metric: keyof typeof losses;
  readonly comparison: '<' | '>';
  readonly threshold: number;
  /** Steps that the loss is averaged over. */
  readonly windowSteps: number;
  /** Steps in a row for which it must hold. */
  readonly patienceSteps: number;
}

/** Watches a run, step by step. */
export interface StopRule {
  readonly condition: StopCondition;
  /** Takes the next step in; after a gap it begins anew. */
  observe(metrics: Pick<StepMetrics, 'step' | 'losses'>): void;
  /** Goes back to where it was behind a step that it has taken in, or that came before the first. */
  rewind(step: number): void;
  /** The average as of the last step; undefined until there are enough steps. */
  readonly value: number | undefined;
  readonly isMet: boolean;
}

/** Reads `losses.generator<0.7`; throws a UserError that says what it may be. */
export function parseStopCondition(text: string): Pick<StopCondition, 'metric' | 'comparison' | 'threshold'> {
  const [, metric, comparison, number] = /^\s*([\w.]+)\s*([<>])\s*(\S+)\s*$/.exec(text) ?? [];
  const threshold = Number(number);
  const names = Object.keys(losses);
  if (metric !== undefined && names.includes(metric) && Number.isFinite(threshold)) {
    return { metric: metric as StopCondition['metric'], comparison: comparison as '<' | '>', threshold };
  }
  const nearest = metric === undefined || names.includes(metric) ? undefined : nearestName(metric, names);
  throw new UserError({
    code: 'stop-when',
    message: `--stop-when takes METRIC<NUMBER or METRIC>NUMBER, where METRIC is one of ${names.join(', ')}; got ${text}.`,
    advice:
      nearest === undefined
        ? "For example --stop-when 'losses.generator<0.7'; quote it, as shells take < and > for themselves."
        : `Did you mean ${nearest}?`,
  });
}

/** Runs go back to their last checkpoint, which is seconds old. */
const rememberedSteps = 10_000;

/** A rule that has seen nothing yet. */
export function createStopRule(condition: StopCondition): StopRule {
  const { metric, comparison, threshold, windowSteps, patienceSteps } = condition;
  let window: number[] = [];
  let lastStep: number | undefined;
  const past: { readonly step: number; readonly window: number[]; readonly heldSteps: number }[] = [];
  let heldSteps = 0;
  const average = (): number | undefined =>
    window.length < windowSteps ? undefined : window.reduce((sum, loss) => sum + loss, 0) / windowSteps;
  return {
    condition,
    observe({ step, losses: ofStep }) {
      if (step !== (lastStep ?? step - 1) + 1) {
        window = [];
        heldSteps = 0;
      }
      lastStep = step;
      window = [...window.slice(1 - windowSteps || window.length), ofStep[losses[metric]]];
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

/** Whether an average is nearer to what a condition asks for than another. */
export function isBetter({ comparison }: StopCondition, value: number, than: number): boolean {
  return comparison === '<' ? value < than : value > than;
}

/** `the mean of losses.generator over 100 steps was 0.6834, below 0.7` */
export function describeStop({ condition: { metric, comparison, threshold, windowSteps }, value }: StopRule): string {
  return `the mean of ${metric} over ${windowSteps} ${windowSteps === 1 ? 'step' : 'steps'} was ${value?.toPrecision(4)}, ${comparison === '<' ? 'below' : 'above'} ${threshold}`;
}
