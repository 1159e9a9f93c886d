import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { explainWriteError, readIfPresent } from '../write-atomically.ts';

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

const fileOf = (root: string, metric: string): string => path.join(root, `metric-${metric}.jsonl`);

/** Appends a line to a metric's file in a run's folder. Throws a UserError if it cannot be written. */
export async function appendMetric(root: string, line: MetricLine): Promise<void> {
  const file = fileOf(root, line.metric);
  await appendFile(file, `${JSON.stringify(line)}\n`).catch((error: unknown) => {
    throw explainWriteError(file, error);
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
  const lines = ((await readIfPresent(fileOf(root, metric))) ?? '').split('\n');
  return lines.flatMap((line) => {
    try {
      return [readLine.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
