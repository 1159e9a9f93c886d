import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { UserError } from '@lstm-gan/core/errors';
import { keyOf, metricOf, parseNumberNames } from '@lstm-gan/evaluation';
import { checkpointFile, checkpointsOf, readBest, readMetric } from '@lstm-gan/run';

/**
 * Returns the step of the best checkpoint of a run that is still kept: by a number that was evaluated, such as `fd2k`,
 * or by the loss of the run's `--stop-when`. Says on standard error which one it is. Throws a UserError if there is
 * none.
 */
export async function bestStep(root: string, name: string): Promise<number> {
  const best = name.startsWith('losses.') ? await bestByLoss(root, name) : await bestByNumber(root, name);
  if (best === undefined) {
    throw new UserError({
      code: 'no-checkpoint',
      message: `${root} has no checkpoint with a value of ${name}.`,
      advice: `Train with --metrics ${name}, or evaluate the checkpoints that are kept: lstm-gan evaluate CHECKPOINT.`,
    });
  }
  process.stderr.write(
    `The best kept checkpoint is from step ${best.step}: ${best.key} ${best.value.toPrecision(4)}.\n`,
  );
  return best.step;
}

async function bestByLoss(root: string, name: string) {
  const best = await readBest(checkpointsOf(root), Infinity);
  return best?.metric === name ? { ...best, key: name } : undefined;
}

async function bestByNumber(root: string, name: string) {
  const [number] = parseNumberNames(name);
  const prefix = metricOf(number, '');
  const files = await readdir(root).catch(() => [] as string[]);
  const networks = files
    .filter((file) => file.startsWith(`metric-${prefix}`) && file.endsWith('.jsonl'))
    .map((file) => file.slice(`metric-${prefix}`.length, -'.jsonl'.length));
  if (networks.length > 1) {
    throw new UserError({
      code: 'no-checkpoint',
      message: `${root} has values of ${name} by several networks, which cannot be compared: ${networks.join(', ')}.`,
      advice: 'Name the checkpoint that you want instead: its step is in metric-NAME.jsonl.',
    });
  }
  const [network] = networks;
  if (network === undefined) return undefined;
  const key = keyOf(number, network);
  const found = (await readMetric(root, metricOf(number, network)))
    .flatMap(({ step, results }) => (results[key] === undefined ? [] : [{ step, key, value: results[key] }]))
    .filter(({ step }) => existsSync(checkpointFile(checkpointsOf(root), step)));
  const sign = number.isLowerBetter ? 1 : -1;
  return found.sort((a, b) => sign * (a.value - b.value)).at(0);
}
