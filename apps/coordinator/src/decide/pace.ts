/** How fast a worker is, measured by its contributions; in milliseconds. Pure arithmetic. */
import type { Contribution, Phase } from '@lstm-gan/transport';

export interface Pace {
  /** Time for one shard of a phase: a mean in which recent contributions weigh more. */
  readonly shardMs: Readonly<Partial<Record<Phase, number>>>;
  /**
   * Time that a lease needs in addition to computing. Images and weights travel to the worker. In the star, the
   * worker's sums travel back. In the sliced exchange, sums travel to other workers, and their time is not included.
   */
  readonly wayMs: number;
  /**
   * Time for one shard, added up over all phases of a step; the size of leases depends on it. It changes only when the
   * measured time has moved away from it, so that a worker most often keeps its shards.
   */
  readonly plannedMs: number | undefined;
  /** Steps since the worker's last contribution. */
  readonly idleSteps: number;
}

/** The pace of a worker that has not computed yet. */
export const unknownPace: Pace = { shardMs: {}, wayMs: 0, plannedMs: undefined, idleSteps: 0 };

const recentWeight = 0.3;
/** The least time for a shard. A shorter time is an error of measurement: no worker is so fast. */
const leastMs = 0.01;
const nearness = 0.15;
/** A worker that was too slow to be given any shards is tried again after this many steps: it may be faster now. */
const forgottenAfterSteps = 50;

const mix = (before: number | undefined, now: number): number =>
  before === undefined ? now : before + recentWeight * (now - before);

/** Returns a worker's pace after one more contribution, which came `elapsedMs` after its lease was sent. */
export function measurePace(
  { shardMs, wayMs, plannedMs }: Pace,
  { phase, computeMs, losses }: Pick<Contribution, 'phase' | 'computeMs' | 'losses'>,
  elapsedMs: number,
): Pace {
  const ms = Math.max(leastMs, computeMs / losses.length);
  return {
    shardMs: { ...shardMs, [phase]: mix(shardMs[phase], ms) },
    wayMs: mix(wayMs, Math.max(0, elapsedMs - computeMs)),
    plannedMs,
    idleSteps: 0,
  };
}

/** Called after a step. Returns the pace with a new `plannedMs`, if the measured time has changed enough. */
export function planPace(before: Pace, discriminatorSteps: number): Pace {
  const pace = { ...before, idleSteps: before.idleSteps + 1 };
  const { discriminator, generator } = pace.shardMs;
  if (pace.idleSteps > forgottenAfterSteps) return { ...unknownPace, wayMs: pace.wayMs };
  if (discriminator === undefined || generator === undefined) return pace;
  const ms = discriminator * discriminatorSteps + generator;
  const isNear = pace.plannedMs !== undefined && Math.abs(ms - pace.plannedMs) < nearness * pace.plannedMs;
  return isNear ? pace : { ...pace, plannedMs: ms };
}

/** How long a lease is expected to take. Undefined if the worker has not computed in this phase. */
export function expectedMs({ shardMs, wayMs }: Pace, phase: Phase, shards: number): number | undefined {
  const ms = shardMs[phase];
  return ms === undefined ? undefined : ms * shards + wayMs;
}
