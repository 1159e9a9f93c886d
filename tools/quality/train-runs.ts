/** Trains a plan's run with lstm-gan, or in PyTorch with the same configuration, and evaluates it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packedFileOf } from '@lstm-gan/data';
import type { RunConfig } from '@lstm-gan/run';
import { command } from '../built-command.ts';
import type { Measured } from './quality-table.ts';

export interface TrainingOptions {
  /** The folder of the run. */
  readonly run: string;
  /** Options of `lstm-gan train` that say what is trained. */
  readonly train: readonly string[];
  readonly seed: number;
  readonly images: number;
  readonly samples: string;
  readonly workers: string | undefined;
  readonly data: string | undefined;
}

/** Trains up to a number of images, from the newest checkpoint if there is one, and evaluates the averaged generator. */
export async function trainAndEvaluate(options: TrainingOptions): Promise<Measured> {
  const { run, images, workers, samples } = options;
  const how = [...['--images', String(images), '--json'], ...(workers === undefined ? [] : ['--workers', workers])];
  await lstmGan('train', ...(existsSync(path.join(run, 'config.json')) ? ['--resume', run] : newRun(options)), ...how);
  const { results } = await lstmGan('evaluate', run, '--samples', samples, '--json');
  const { progress } = await lstmGan('inspect', run, '--json');
  const { trainingMs } = progress as { trainingMs: number };
  return { minutes: trainingMs / 60_000, results: results as Measured['results'] };
}

function newRun({ run, train, seed, data }: TrainingOptions): string[] {
  return [...train, ...(data === undefined ? [] : ['--data', data]), ...['--seed', String(seed), '--out', run]];
}

/**
 * Trains the configuration of a run of lstm-gan in PyTorch, from where it stopped if it was started before, and compares
 * its samples with the same real images.
 * @param run the run whose configuration is trained, and which has its data packed
 * @param out where the training in PyTorch is kept
 */
export async function trainInTorch(
  { python, cacheDir, out }: { readonly python: string; readonly cacheDir: string; readonly out: string },
  { run, seed, images, samples }: TrainingOptions,
): Promise<Measured> {
  const file = path.join(run, 'config.json');
  const { data, model } = JSON.parse(await readFile(file, 'utf8')) as RunConfig;
  const packed = packedFileOf(data, { cacheDir, ...model.image });
  const script = fileURLToPath(new URL('../torch/train.py', import.meta.url));
  const options = ['--images', String(images), '--seed', String(seed), '--samples', samples];
  process.stderr.write(`${python} ${[script, file, packed, out, ...options].join(' ')}\n`);
  const { stdout } = await promisify(execFile)(python, [script, file, packed, out, ...options], {
    maxBuffer: 2 ** 28,
  });
  const { seconds } = JSON.parse(lastLineOf(stdout)) as { seconds: number };
  const { results } = await lstmGan('evaluate', path.join(out, 'samples'), '--data', data, '--json');
  return { minutes: seconds / 60, results: results as Measured['results'] };
}

/** Runs lstm-gan and returns the last line that it prints, which is JSON. */
async function lstmGan(...parameters: string[]): Promise<Record<string, unknown>> {
  process.stderr.write(`lstm-gan ${parameters.join(' ')}\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...parameters], { maxBuffer: 2 ** 28 });
  return JSON.parse(lastLineOf(stdout)) as Record<string, unknown>;
}

const lastLineOf = (text: string): string => text.trim().split('\n').at(-1) as string;
