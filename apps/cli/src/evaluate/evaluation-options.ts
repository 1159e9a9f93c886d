/** The options of `train` and `coordinator` that evaluate samples while a run trains. */
import { performance } from 'node:perf_hooks';
import { cacheDirOf, type CacheOptions } from '@lstm-gan/command-line';
import { createProgressDisplay } from '@lstm-gan/command-line/terminal';
import { imageCount, type EvaluationPlan, type RunOptions } from '@lstm-gan/coordinator/program';
import { UserError } from '@lstm-gan/core/errors';
import { Option, type Command } from 'commander';
import { addNetwork, chooseNetwork, type NetworkOptions } from './choose-network.ts';
import { planEvaluation } from './plan-evaluation.ts';

export interface EvaluationOptions extends NetworkOptions {
  readonly metrics?: string;
  readonly evaluateEvery?: number;
}

/** Images of training between two evaluations. docs/evaluation.md says what they cost. */
const defaultEvaluateEvery = 50_000;

/** Adds `--metrics`, `--evaluate-every` and the options of the network. */
export function addEvaluationOptions(command: Command): Command {
  command
    .option(
      '--metrics <names>',
      'evaluate the averaged generator while it trains, such as fd2k,coverage; also keeps the best checkpoints',
    )
    .addOption(
      new Option(
        '--evaluate-every <images>',
        `images of training between evaluations, such as 20k (default: ${defaultEvaluateEvery.toLocaleString('en')})`,
      ).argParser(imageCount),
    );
  return addNetwork(command);
}

/**
 * What the options ask for; undefined if they ask for nothing. Fetches the network that is needed before anything is
 * trained. Throws a UserError if the options cannot be used.
 */
export async function evaluationOf(
  options: EvaluationOptions & CacheOptions & Pick<RunOptions, 'printConfig' | 'dryRun'>,
): Promise<EvaluationPlan | undefined> {
  const { metrics, evaluateEvery = defaultEvaluateEvery, printConfig, dryRun } = options;
  if (metrics === undefined) {
    refuseWithoutMetrics(options);
    return undefined;
  }
  const cacheDir = cacheDirOf(options);
  const network = await chooseNetwork(options);
  const plan = planEvaluation(metrics, evaluateEvery, cacheDir, network);
  if (printConfig === true || dryRun === true) return plan;
  const display = createProgressDisplay('Fetching:', process.stderr, () => performance.now());
  try {
    await network.prepare(cacheDir, (activity, done, total) =>
      display.update(done, total, `${activity}, ${done} of ${total}`),
    );
  } finally {
    display.stop();
  }
  return plan;
}

function refuseWithoutMetrics({ evaluateEvery, network, networkRange }: EvaluationOptions): void {
  if (evaluateEvery === undefined && network === undefined && networkRange === undefined) return;
  throw new UserError({
    code: 'usage',
    message:
      evaluateEvery === undefined
        ? '--network says with which network --metrics are measured, and there are none.'
        : '--evaluate-every says how often --metrics are evaluated, and there are none.',
    advice: 'Name them, for example --metrics fd2k,coverage.',
  });
}
