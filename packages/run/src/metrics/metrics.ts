import { closeSync, createReadStream, fsync, openSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { UserError } from '@lstm-gan/core/errors';
import { z } from 'zod';
import { explainWriteError } from '../write-atomically.ts';

/** What one step was and cost; a line of metrics.jsonl. Times in milliseconds. */
export interface StepMetrics {
  readonly step: number;
  /** Read from the data: a batch for each discriminator phase. */
  readonly images: number;
  /** Means over the step's images; the discriminator's is real + fake, without the penalty. */
  readonly losses: { readonly discriminator: number; readonly generator: number; readonly penalty: number };
  readonly imagesPerSecond: number;
  readonly stepMs: number;
  /** From update to update: what each phase took, whoever computed. */
  readonly phaseMs: { readonly discriminator: number; readonly generator: number };
  /** Inside workers, the longest of each phase. */
  readonly computeMs: number;
  /** Neither computing nor updating: messages under way. */
  readonly exchangeMs: number;
  /** Fold, optimizer, averages. */
  readonly updateMs: number;
  /** Workers without work, summed. */
  readonly waitingMs: number;
  readonly workers: Readonly<
    Record<string, { readonly shards: number; readonly computeMs: number; readonly waitingMs: number }>
  >;
}

/** Writes a run's `metrics.jsonl`. */
export interface MetricsWriter {
  /** Appends a line; throws a UserError when it cannot be written. */
  write(metrics: StepMetrics): void;
  /** Resolves when the lines so far outlive a crash of the machine; rejects with a UserError when they will not. */
  flush(): Promise<void>;
  /** Closes the file; a second call does nothing. */
  close(): void;
}

/** Appends to a metrics file, a line a step; makes the file with the first. */
export function openMetrics(file: string): MetricsWriter {
  let descriptor: number | undefined;
  return {
    // Synchronous: what is a few hundred bytes for the page cache is there when this process dies.
    write(metrics) {
      try {
        descriptor ??= openSync(file, 'a');
        writeFileSync(descriptor, `${JSON.stringify(metrics)}\n`);
      } catch (error) {
        throw explainWriteError(file, error);
      }
    },
    async flush() {
      if (descriptor === undefined) return;
      await promisify(fsync)(descriptor).catch((error: unknown) => {
        throw explainWriteError(file, error);
      });
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

const recordedSchema = z.object({
  step: z.number().int().positive(),
  images: z.number().int().positive(),
  losses: z.object({ discriminator: z.number(), generator: z.number(), penalty: z.number() }),
  imagesPerSecond: z.number(),
  stepMs: z.number(),
  computeMs: z.number(),
  exchangeMs: z.number(),
  updateMs: z.number(),
});

/** What can be read back of a step, whichever version recorded it. */
export type RecordedStep = Pick<
  StepMetrics,
  'step' | 'images' | 'losses' | 'imagesPerSecond' | 'stepMs' | 'computeMs' | 'exchangeMs' | 'updateMs'
>;

/** Reads a metrics file, of a run in work too: its last line may be half there. None without a file. */
export async function readMetrics(file: string): Promise<RecordedStep[]> {
  const steps: RecordedStep[] = [];
  let broken: number | undefined;
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      line += 1;
      if (broken !== undefined) throw damaged(file, broken);
      const step = parseStep(text);
      if (step === undefined) broken = line;
      else steps.push(step);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return steps;
}

function parseStep(text: string): RecordedStep | undefined {
  try {
    return recordedSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function damaged(file: string, line: number): UserError {
  return new UserError({
    code: 'metrics-damaged',
    message: `${file}: line ${line} is no step's metrics.`,
    advice: 'Remove the line; training does not read them.',
  });
}

/** The middle of values; the lower of two. NaN without any. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? NaN : [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
