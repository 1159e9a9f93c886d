import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { explainWriteError } from '../write-atomically.ts';

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

/** Appends a line to a metric's file in a run's folder. Throws a UserError if it cannot be written. */
export async function appendMetric(root: string, line: MetricLine): Promise<void> {
  const file = path.join(root, `metric-${line.metric}.jsonl`);
  await appendFile(file, `${JSON.stringify(line)}\n`).catch((error: unknown) => {
    throw explainWriteError(file, error);
  });
}
