/** Which checkpoint of a run is the best, by the average loss of its `--stop-when` condition. */
import { z } from 'zod';
import type { StopCondition } from '../metrics/stop-rule.ts';

const bestSchema = z.object({
  step: z.number(),
  metric: z.string(),
  comparison: z.string(),
  windowSteps: z.number(),
  value: z.number(),
});

/** The step of the best checkpoint, the condition that it was judged by, and the average loss at that step. */
export interface BestCheckpoint extends Pick<StopCondition, 'windowSteps'> {
  readonly step: number;
  readonly metric: string;
  readonly comparison: string;
  readonly value: number;
}

/**
 * Parses the text that names the best checkpoint. Returns undefined if the text is missing or damaged, because the best
 * checkpoint can be chosen again.
 */
export function parseBest(text: string | undefined): BestCheckpoint | undefined {
  try {
    return bestSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Whether a checkpoint was judged by the metric, comparison and window of a condition. */
export function isJudgedBy(best: BestCheckpoint, { metric, comparison, windowSteps }: StopCondition): boolean {
  return best.metric === metric && best.comparison === comparison && best.windowSteps === windowSteps;
}
