import { closeSync, createReadStream, fsync, openSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { UserError } from '@lstm-gan/core/errors';
import type { MeanLosses } from '@lstm-gan/core/training';
import { explainReadError } from '@lstm-gan/system';
import { z } from 'zod';
import { explainWriteError, type Confirm } from '../write-atomically.ts';

/** The losses and the cost of one step: a line of metrics.jsonl. Times are in milliseconds. */
export interface StepMetrics {
  readonly step: number;
  /** Images read from the data: one batch for each discriminator phase. */
  readonly images: number;
  /**
   * Means over the step's images. The discriminator's loss is its loss on real images plus its loss on fake images,
   * without the penalty.
   */
  readonly losses: MeanLosses;
  readonly imagesPerSecond: number;
  readonly stepMs: number;
  /**
   * For each network, the time of its phases in this step. A phase lasts from the update of the phase before it to its
   * own update.
   */
  readonly phaseMs: { readonly discriminator: number; readonly generator: number };
  /** Time inside units, of the worker that has computed longest in this step. */
  readonly computeMs: number;
  /** `stepMs` minus `computeMs` and `updateMs`, at least 0: the time for messages. */
  readonly exchangeMs: number;
  /** Time for fold, optimizer and moving averages. */
  readonly updateMs: number;
  /** Time in which workers had nothing to compute, summed over the workers. */
  readonly waitingMs: number;
  readonly workers: Readonly<
    Record<string, { readonly shards: number; readonly computeMs: number; readonly waitingMs: number }>
  >;
}

/** Writes a run's `metrics.jsonl`. */
export interface MetricsWriter {
  /** Appends a line. Throws a UserError if it cannot be written. */
  write(metrics: StepMetrics): void;
  /** Resolves when the lines so far would survive a crash of the machine. Rejects with a UserError if that fails. */
  flush(): Promise<void>;
  /** Closes the file. A second call does nothing. */
  close(): void;
}

/**
 * Opens a metrics file for appending, one line a step. The file is created with the first line.
 * @param confirm called before each line is written; if it throws, the line is not written
 */
export function openMetrics(file: string, confirm?: Confirm): MetricsWriter {
  let descriptor: number | undefined;
  return {
    // Synchronous, so that the line is in the page cache even if this process dies right after. A line is short, so
    // this is fast.
    write(metrics) {
      try {
        descriptor ??= openSync(file, 'a');
        confirm?.();
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
  workers: z
    .record(z.string(), z.object({ shards: z.number(), computeMs: z.number(), waitingMs: z.number() }))
    .optional()
    // Without them, the step still has losses.
    .catch(undefined),
});

/** The fields of a step that every version of lstm-gan has written. */
export type RecordedStep = Pick<
  StepMetrics,
  'step' | 'images' | 'losses' | 'imagesPerSecond' | 'stepMs' | 'computeMs' | 'exchangeMs' | 'updateMs'
>;

/** A recorded step, with its workers if they were recorded. */
export type RecordedStepOfWorkers = RecordedStep & Partial<Pick<StepMetrics, 'workers'>>;

/**
 * Reads a metrics file. The run may still be writing: an incomplete last line is ignored. Empty if there is no file. The
 * workers of the steps are left out, because those of all steps may need more memory than there is.
 */
export async function readMetrics(file: string): Promise<RecordedStep[]> {
  const steps: RecordedStep[] = [];
  for await (const step of streamMetrics(file)) steps.push(withoutWorkers(step));
  return steps;
}

/** Returns a step without its workers. */
export function withoutWorkers({ workers: _workers, ...step }: RecordedStepOfWorkers): RecordedStep {
  return step;
}

/** Reads a metrics file as `readMetrics` does, one step after the other. */
export async function* streamMetrics(file: string): AsyncGenerator<RecordedStepOfWorkers> {
  let broken: number | undefined;
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      line += 1;
      if (broken !== undefined) throw damaged(file, broken);
      const step = parseStep(text);
      if (step === undefined) broken = line;
      else yield step;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explainReadError(file, error);
  }
}

function parseStep(text: string): RecordedStepOfWorkers | undefined {
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

/** The median of values: the lower of the two middle ones if their count is even. NaN if there are none. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? NaN : [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
