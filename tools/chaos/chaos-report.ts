/** What came out of a run of chaos, in words. */
import type { Harm } from './do-harm.ts';

export interface QuietRun {
  /** By which options, on which machine: only the same can be compared. */
  readonly trained: string;
  readonly steps: number;
  readonly seconds: number;
  readonly weightsSha256: string;
}

export interface ChaosResult {
  readonly command: string;
  readonly quiet: QuietRun;
  readonly chaos: { readonly seconds: number; readonly weightsSha256: string };
  readonly isEveryStepOnce: boolean;
  readonly harm: readonly Harm[];
  /** From harm to a worker until the coordinator had given its shards to others. */
  readonly noticedMs: readonly number[];
  /** From a kill of the coordinator to the next committed step. */
  readonly recoveredMs: readonly number[];
}

export function linesOf(result: ChaosResult): string[] {
  const { quiet, chaos, isEveryStepOnce, harm, noticedMs, recoveredMs } = result;
  const counts = new Map<string, number>();
  for (const { kind } of harm) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const faults = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return [
    `${quiet.steps} steps with ${quiet.trained}`,
    `in peace   ${quiet.seconds.toFixed(1)} s  ${quiet.weightsSha256}`,
    `in chaos   ${chaos.seconds.toFixed(1)} s  ${chaos.weightsSha256}  ${quiet.weightsSha256 === chaos.weightsSha256 ? 'the same weights' : 'OTHER WEIGHTS'}`,
    `faults     ${faults === '' ? 'none' : faults}`,
    `goodput    ${((100 * quiet.seconds) / chaos.seconds).toFixed(1)} %`,
    ...(noticedMs.length === 0 ? [] : [`a worker's shards are with others after ${quantiles(noticedMs)}`]),
    ...(recoveredMs.length === 0 ? [] : [`behind a kill of the coordinator the next step is committed after ${quantiles(recoveredMs)}`]),
    isEveryStepOnce ? 'metrics    every step once, in order' : 'metrics    A STEP IS MISSING OR THERE TWICE',
  ];
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))])} ms`;
  return `${at(0.5)} (median), ${at(0.99)} (99th percentile), ${sorted.length} times`;
}
