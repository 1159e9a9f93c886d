import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { explainWriteError, readIfPresent, type Confirm } from '../write-atomically.ts';

/** What can go wrong in a training that computes finite numbers. */
export type HealthEvent = 'diverged' | 'discriminator-ahead' | 'one-picture' | 'past-best' | 'copies';

const healthEvents: readonly HealthEvent[] = ['diverged', 'discriminator-ahead', 'one-picture', 'past-best', 'copies'];

const findingSchema = z.object({
  event: z.enum(healthEvents),
  step: z.number().int().nonnegative(),
  images: z.number().int().nonnegative(),
  message: z.string(),
  advice: z.string(),
});

/** Something that went wrong in a training: a line of `health.jsonl`. */
export interface Finding {
  readonly event: HealthEvent;
  /** The step of which it was found, and the number of images that training had read by then. */
  readonly step: number;
  readonly images: number;
  /** A sentence that says what was measured. */
  readonly message: string;
  /** A sentence that says what to try. */
  readonly advice: string;
}

/** Appends a finding to `health.jsonl`. Throws a UserError if it cannot be written. */
export function appendFinding(file: string, finding: Finding, confirm: Confirm): void {
  try {
    confirm();
    appendFileSync(file, `${JSON.stringify(finding)}\n`);
  } catch (error) {
    throw explainWriteError(file, error);
  }
}

/** Reads what was found up to a step. Lines that are no findings are passed over. */
export async function readFindings(file: string, upToStep: number): Promise<Finding[]> {
  const lines = ((await readIfPresent(file)) ?? '').split('\n');
  return lines
    .map(parseFinding)
    .filter((finding) => finding !== undefined)
    .filter(({ step }) => step <= upToStep);
}

/** Undefined if a line is no finding, for example because a crash cut it. */
function parseFinding(line: string): Finding | undefined {
  try {
    return findingSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
