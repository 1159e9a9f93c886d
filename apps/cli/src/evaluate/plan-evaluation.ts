/** Evaluates checkpoints beside a training, in processes of `lstm-gan evaluate` with a low priority. */
import { spawn } from 'node:child_process';
import { UserError } from '@lstm-gan/core/errors';
import type { EvaluatedNumber, EvaluationPlan } from '@lstm-gan/coordinator/program';
import { keyOf, metricOf, parseNumberNames, type NamedNumber } from '@lstm-gan/evaluation';
import { atExit } from '@lstm-gan/system';
import type { ChosenNetwork } from './choose-network.ts';

/** Reads `--metrics`. Throws a UserError for an unknown name. */
export function planEvaluation(
  list: string,
  everyImages: number,
  cacheDir: string,
  chosen: ChosenNetwork,
): EvaluationPlan {
  const named = parseNumberNames(list);
  const [{ samples }] = named;
  return {
    names: named.map(({ name }) => name),
    everyImages,
    open(dataset) {
      const network = chosen.nameFor(dataset);
      if (dataset.count < samples) throw tooFewImages(list, samples, dataset);
      return {
        numbers: named.map((number) => evaluatedNumber(number, network)),
        evaluate: async (checkpoint, signal, isBeside) =>
          resultsOf(
            await run(
              [
                ...['evaluate', checkpoint, '--metrics', list, '--json', '--cache-dir', cacheDir],
                ...chosen.parameters,
                ...(isBeside ? ['--low-priority'] : []),
              ],
              signal,
            ),
          ),
      };
    },
  };
}

function evaluatedNumber(number: NamedNumber, network: string): EvaluatedNumber {
  const { name, measure, part, isLowerBetter } = number;
  return {
    name,
    metric: metricOf(number, network),
    key: keyOf(number, network),
    isLowerBetter,
    isCopyShare: measure === 'copying' && part === 'share',
  };
}

function tooFewImages(list: string, samples: number, { name, count }: { name: string; count: number }): UserError {
  return new UserError({
    code: 'metrics',
    message: `--metrics ${list} compares with ${samples} real images, and ${name} has ${count}.`,
    advice: `Ask for fewer, for example --metrics fd${count}.`,
  });
}

/** Runs a command of this program, and returns its standard output. Rejects with what it wrote last if it fails. */
async function run(parameters: readonly string[], signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const forget = atExit(() => void child.kill());
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  // Progress comes here, too: only the end is needed.
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = `${errors}${text}`.slice(-2000)));
  try {
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    );
    if (code === 0) return output;
    throw new Error(errors.trim().split('\n').slice(-2).join(' '));
  } finally {
    forget();
  }
}

function resultsOf(json: string): Record<string, number> {
  return (JSON.parse(json) as { results: Record<string, number> }).results;
}
