import { createWriteStream } from 'node:fs';

/** What one step was and cost; a line of metrics.jsonl. Times in milliseconds. */
export interface StepMetrics {
  readonly step: number;
  readonly images: number;
  /** Means over the batch; the discriminator's is real + fake, without the penalty. */
  readonly losses: { readonly discriminator: number; readonly generator: number; readonly penalty: number };
  readonly imagesPerSecond: number;
  readonly stepMs: number;
  /** Inside workers, the longest of each phase. */
  readonly computeMs: number;
  /** Neither computing nor updating: messages under way. */
  readonly exchangeMs: number;
  /** Fold, optimizer, averages. */
  readonly updateMs: number;
  /** Workers without work, summed. */
  readonly waitingMs: number;
  readonly workers: Readonly<Record<string, { readonly shards: number; readonly computeMs: number; readonly waitingMs: number }>>;
}

export interface MetricsWriter {
  write(metrics: StepMetrics): void;
  close(): Promise<void>;
}

/** Appends to a metrics file, a line a step. */
export function openMetrics(file: string): MetricsWriter {
  const stream = createWriteStream(file, { flags: 'a' });
  return {
    write: (metrics) => void stream.write(`${JSON.stringify(metrics)}\n`),
    close: () => new Promise((resolve, reject) => stream.once('error', reject).end(resolve)),
  };
}
