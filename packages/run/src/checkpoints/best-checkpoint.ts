/**
 * Which checkpoint of a run is the best, by the average loss of its `--stop-when` condition. `best.json`, next to the
 * checkpoints, says it.
 */
import path from 'node:path';
import { z } from 'zod';
import { checkpointName, listCheckpoints } from './checkpoint.ts';
import type { StopCondition } from '../metrics/stop-rule.ts';
import { readIfPresent, writeAtomically } from '../write-atomically.ts';

const bestSchema = z.object({
  step: z.number(),
  metric: z.string(),
  comparison: z.string(),
  windowSteps: z.number(),
  value: z.number(),
});

/** The step of the best checkpoint, the condition that it was judged by, and its value. */
export interface BestCheckpoint extends Pick<StopCondition, 'windowSteps'> {
  readonly step: number;
  readonly metric: string;
  readonly comparison: string;
  readonly value: number;
}

const fileOf = (checkpoints: string): string => path.join(checkpoints, 'best.json');

/** The best checkpoint of a folder up to a step. Undefined if none was chosen, or if its file is gone. */
export async function readBest(checkpoints: string, upToStep: number): Promise<BestCheckpoint | undefined> {
  const text = await readIfPresent(fileOf(checkpoints));
  const parsed = bestSchema.safeParse(parseJson(text));
  // A damaged best.json is ignored: the best checkpoint can be chosen again.
  if (!parsed.success || parsed.data.step > upToStep) return undefined;
  const isThere = (await listCheckpoints(checkpoints)).includes(
    path.join(checkpoints, checkpointName(parsed.data.step)),
  );
  return isThere ? parsed.data : undefined;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Writes best.json. Throws a UserError if it cannot be written. */
export async function writeBest(checkpoints: string, best: BestCheckpoint): Promise<void> {
  await writeAtomically(fileOf(checkpoints), [`${JSON.stringify({ ...best, file: checkpointName(best.step) })}\n`]);
}

/** Whether a checkpoint was judged by the metric, comparison and window of a condition. */
export function isJudgedBy(best: BestCheckpoint, { metric, comparison, windowSteps }: StopCondition): boolean {
  return best.metric === metric && best.comparison === comparison && best.windowSteps === windowSteps;
}
