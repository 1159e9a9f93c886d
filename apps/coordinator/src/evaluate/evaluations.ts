/**
 * Evaluates checkpoints while the run trains: one at a time, each in a process of its own. An evaluation that is due
 * while another one still runs is left out.
 */
import { imagesPerStep, readMetric, type Logger, type RunConfig } from '@lstm-gan/run';
import type { EvaluatedNumber, Evaluator } from './evaluator.ts';

/** A number of a checkpoint. */
export interface NumberOfStep {
  readonly step: number;
  readonly value: number;
}

export interface EvaluationsOptions {
  readonly evaluator: Evaluator;
  readonly everyImages: number;
  readonly config: RunConfig;
  readonly log: Logger;
  /** The run's folder. */
  readonly root: string;
  /** The step that the run goes on from. */
  readonly initialStep: number;
  /** Called with each number, at first with those of earlier starts of the run. */
  readonly onNumber: (number: EvaluatedNumber, ofStep: NumberOfStep) => void;
}

export interface Evaluations {
  /** Whether the checkpoint of a committed step is to be written and evaluated. Says so if it is left out. */
  isDue(step: number): boolean;
  /** Begins to evaluate the checkpoint of a step that was due. */
  begin(step: number, checkpoint: string): void;
  /** The steps of the checkpoints that must stay: the best of each number, and the one that is evaluated. */
  keptSteps(): number[];
  /** Waits for the evaluation that runs, then evaluates the last checkpoint, unless that is done. */
  finish(step: number, checkpoint: string): Promise<void>;
  /** Forgets a checkpoint that was due after a step and is not written: the later steps are computed again. */
  rewind(step: number): void;
  /** Ends the evaluation that runs. */
  stop(): void;
  /** The newest and the best value of each number. */
  results(): Record<string, { newest: NumberOfStep; best: NumberOfStep }>;
}

/** Opens the evaluations of a run, with the numbers that earlier starts have written to the run's folder. */
export async function openEvaluations(options: EvaluationsOptions): Promise<Evaluations> {
  const { evaluator, everyImages, config, log, root, initialStep, onNumber } = options;
  const stopper = new AbortController();
  const newest = new Map<string, NumberOfStep>();
  const best = new Map<string, NumberOfStep>();
  let evaluatedStep: number | undefined;
  /** The step whose checkpoint is evaluated, or will be as soon as it is written. */
  let current: number | undefined;
  let hasBegun = false;
  let running: Promise<void> = Promise.resolve();

  const take = (number: EvaluatedNumber, ofStep: NumberOfStep): void => {
    const before = best.get(number.key);
    const isBest =
      before === undefined || (number.isLowerBetter ? ofStep.value < before.value : ofStep.value > before.value);
    if (isBest) best.set(number.key, ofStep);
    newest.set(number.key, ofStep);
    onNumber(number, ofStep);
  };
  for (const number of evaluator.numbers) {
    for (const { step, results } of await readMetric(root, number.metric)) {
      const value = results[number.key];
      if (value === undefined || step > initialStep) continue;
      take(number, { step, value });
      evaluatedStep = Math.max(step, evaluatedStep ?? 0);
    }
  }

  const evaluate = async (step: number, checkpoint: string, isBeside: boolean): Promise<void> => {
    try {
      const results = await evaluator.evaluate(checkpoint, stopper.signal, isBeside);
      evaluatedStep = step;
      const texts = evaluator.numbers.map(({ key }) => `${key} ${results[key]?.toPrecision(4)}`);
      const images = (step * imagesPerStep(config)).toLocaleString('en');
      log.info({ step }, `After ${images} images: ${texts.join(', ')}.`);
      for (const number of evaluator.numbers)
        if (results[number.key] !== undefined) take(number, { step, value: results[number.key] });
    } catch (error) {
      if (!stopper.signal.aborted)
        log.warn(`The samples of step ${step} could not be evaluated: ${(error as Error).message}`);
    } finally {
      current = undefined;
    }
  };
  const begin = (step: number, checkpoint: string, isBeside: boolean): void => {
    [current, hasBegun] = [step, true];
    running = evaluate(step, checkpoint, isBeside);
  };

  return {
    begin: (step, checkpoint) => begin(step, checkpoint, true),
    isDue(step) {
      const images = imagesPerStep(config);
      const isDue = Math.floor((step * images) / everyImages) > Math.floor(((step - 1) * images) / everyImages);
      if (!isDue) return false;
      if (current !== undefined) {
        log.info(
          { step },
          `The samples of step ${step} are not evaluated, because the evaluation of step ${current} still runs.`,
        );
        return false;
      }
      [current, hasBegun] = [step, false];
      return true;
    },
    keptSteps: () => [...[...best.values()].map(({ step }) => step), ...(current === undefined ? [] : [current])],
    async finish(step, checkpoint) {
      await running;
      if (evaluatedStep === step || stopper.signal.aborted) return;
      log.info('Evaluating the samples of the last step.');
      begin(step, checkpoint, false);
      await running;
    },
    rewind(step) {
      if (!hasBegun && current !== undefined && current > step) current = undefined;
    },
    stop: () => stopper.abort(),
    results: () =>
      Object.fromEntries(
        [...newest].map(([key, ofStep]) => [key, { newest: ofStep, best: best.get(key) ?? ofStep }] as const),
      ),
  };
}
