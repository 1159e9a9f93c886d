import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { explainWriteError, readIfPresent } from './write-atomically.ts';

/** What one step was and cost; a line of metrics.jsonl. Times in milliseconds. */
export interface StepMetrics {
  readonly step: number;
  /** Read from the data: a batch for each discriminator phase. */
  readonly images: number;
  /** Means over the step's images; the discriminator's is real + fake, without the penalty. */
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

/** The steps of a metrics file, up to the first line that is none; none where there is no file. */
export async function readMetrics(file: string): Promise<Pick<StepMetrics, 'step' | 'losses'>[]> {
  const steps: Pick<StepMetrics, 'step' | 'losses'>[] = [];
  for (const line of ((await readIfPresent(file)) ?? '').split('\n').slice(0, -1)) {
    const parsed = stepSchema.safeParse(parseLine(line));
    if (!parsed.success) break;
    steps.push(parsed.data);
  }
  return steps;
}

const stepSchema = z.object({ step: z.number(), losses: z.object({ discriminator: z.number(), generator: z.number(), penalty: z.number() }) });

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export interface MetricsWriter {
  /** Queues a line; throws a UserError when an earlier one could not be written. */
  write(metrics: StepMetrics): void;
  /** Resolves when all lines are in the file; rejects with a UserError when one is not. */
  close(): Promise<void>;
}

/** Appends to a metrics file, a line a step. */
export function openMetrics(file: string): MetricsWriter {
  const stream = createWriteStream(file, { flags: 'a' });
  let failure: { readonly error: unknown } | undefined;
  stream.on('error', (error) => {
    failure ??= { error: explainWriteError(file, error) };
  });
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    write(metrics) {
      throwFailure();
      stream.write(`${JSON.stringify(metrics)}\n`);
    },
    async close() {
      stream.end();
      await finished(stream).catch((error: unknown) => {
        throwFailure();
        throw error;
      });
    },
  };
}
