/** The result of a run of chaos, and its report as text. */
import type { InflictedFault } from './fault-injector.ts';
import type { Segment } from './trained-run.ts';

/** What was trained, how, and the results of its segments. */
export interface RunResult {
  /** The options of `lstm-gan train` that decide the weights, such as `--preset digits`. */
  readonly what: string;
  /** The number of workers, the exchange and the machine: the times depend on them. */
  readonly how: string;
  readonly segments: readonly Segment[];
}

export interface HarmedResult extends RunResult {
  /** The options that decide the faults of this run. */
  readonly schedule: string;
  readonly isEveryStepOnce: boolean;
  readonly harm: readonly InflictedFault[];
  /** Milliseconds from a fault of a worker until the coordinator gave its shards to others. */
  readonly noticedMs: readonly number[];
  /** Milliseconds from a kill of the coordinator to the next committed step. */
  readonly recoveredMs: readonly number[];
}

export interface ChaosResult {
  readonly command: string;
  readonly quiet: RunResult;
  readonly harmed: readonly HarmedResult[];
}

/** Whether every run with faults ended in the same state as the run without faults, and wrote every step once. */
export function isSame({ quiet, harmed }: ChaosResult): boolean {
  return harmed.every((run) => run.isEveryStepOnce && hasSameState(quiet, run));
}

/** Whether the state at the end of every segment was that of the run without faults. */
function hasSameState(quiet: RunResult, { segments }: RunResult): boolean {
  return segments.every(
    ({ steps, checkpointSha256 }, k) =>
      steps === quiet.segments[k].steps && checkpointSha256 === quiet.segments[k].checkpointSha256,
  );
}

/** The time without faults divided by the time with faults, for the same steps. */
function goodput(quiet: RunResult, { segments }: RunResult): number {
  const seconds = (of: readonly Segment[]): number => of.reduce((sum, segment) => sum + segment.seconds, 0);
  return seconds(quiet.segments.slice(0, segments.length)) / seconds(segments);
}

/** The lines of the report. */
export function linesOf({ quiet, harmed }: ChaosResult): string[] {
  return harmed.flatMap((run) => [
    `${run.segments.at(-1)?.steps ?? 0} steps of ${run.what || 'the default'}, ${run.how}; ${run.schedule}`,
    `state      ${run.segments.at(-1)?.checkpointSha256 ?? ''} ${hasSameState(quiet, run) ? `the same as without faults, ${run.segments.length} times` : 'ANOTHER STATE'}`,
    `faults     ${faultsOf(run)}`,
    `goodput    ${quiet.how === run.how ? `${(100 * goodput(quiet, run)).toFixed(1)} %` : `not compared: the run without faults was made with ${quiet.how}`}`,
    ...(run.noticedMs.length === 0
      ? []
      : [`a lost worker's shards are given to others after ${quantiles(run.noticedMs)}`]),
    ...(run.recoveredMs.length === 0
      ? []
      : [`the next step after a kill of the coordinator is committed after ${quantiles(run.recoveredMs)}`]),
    run.isEveryStepOnce ? 'metrics    every step once, in order' : 'metrics    A STEP IS MISSING OR WRITTEN TWICE',
  ]);
}

function faultsOf({ harm }: HarmedResult): string {
  const counts = new Map<string, number>();
  for (const { kind } of harm) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none';
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))])} ms`;
  return `${at(0.5)} (median), ${at(0.99)} (99th percentile), ${sorted.length} times`;
}
