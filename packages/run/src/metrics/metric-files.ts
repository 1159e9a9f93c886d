import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { explainWriteError } from '@lstm-gan/system';
import { z } from 'zod';
import { readIfPresent } from '../write-atomically.ts';

/** One evaluation of one metric, with the keys that StyleGAN3 gives a line of `metric-NAME.jsonl`. */
export interface MetricLine {
  readonly results: Readonly<Record<string, number>>;
  readonly metric: string;
  /** Seconds. */
  readonly total_time: number;
  /** The checkpoint's file, in the run's folder. */
  readonly snapshot: string;
  /** The step of the checkpoint, and the number of images that training had read by then. */
  readonly step: number;
  readonly images: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

const ifDamaged = 'Move this file away; the next evaluation begins a new one.';

const fileOf = (root: string, metric: string): string => path.join(root, `metric-${metric}.jsonl`);

/**
 * Appends a line to a metric's file in a run's folder. A half-written line at the end of the file does not spoil it.
 * Throws a UserError if it cannot be written.
 */
export async function appendMetric(root: string, line: MetricLine): Promise<void> {
  const file = fileOf(root, line.metric);
  const before = (await readIfPresent(file, ifDamaged)) ?? '';
  const ending = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(file, `${ending}${JSON.stringify(line)}\n`).catch((error: unknown) => {
    throw explainWriteError(file, error, ifDamaged);
  });
}

const readLine = z.object({
  results: z.record(z.string(), z.number()),
  step: z.number().int().nonnegative(),
  images: z.number().int().nonnegative(),
});

/** Reads a metric's file in a run's folder, oldest line first. Lines that are no evaluation are passed over. */
export async function readMetric(
  root: string,
  metric: string,
): Promise<Pick<MetricLine, 'results' | 'step' | 'images'>[]> {
  const lines = ((await readIfPresent(fileOf(root, metric), ifDamaged)) ?? '').split('\n');
  return lines.flatMap((line) => {
    try {
      return [readLine.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
