/** How fast a worker is, measured by what it gave back; in milliseconds. Pure arithmetic. */
import type { Contribution, Phase } from '@lstm-gan/transport';

export interface Pace {
  /** For a shard of a phase: a mean in which what is recent weighs more. */
  readonly shardMs: Readonly<Partial<Record<Phase, number>>>;
  /** What comes on top for a lease: the way of arrays there and back. */
  readonly wayMs: number;
  /** Of a shard in both phases, as leases are sized by it; stays where it is while the measured one is near it, so that a worker keeps its shards. */
  readonly plannedMs: number | undefined;
  /** Steps since it last gave something back. */
  readonly idleSteps: number;
}

/** Of a worker that has not computed yet. */
export const unknownPace: Pace = { shardMs: {}, wayMs: 0, plannedMs: undefined, idleSteps: 0 };

const recentWeight = 0.3;
/** Below it nothing is measured well, and nobody is so fast. */
const leastMs = 0.01;
const nearness = 0.15;
/** Whoever was too slow to be given anything may be faster by now. */
const forgottenAfterSteps = 50;

const mix = (before: number | undefined, now: number): number =>
  before === undefined ? now : before + recentWeight * (now - before);

/** The pace with a contribution in it that came `elapsedMs` after its lease went out. */
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

/** What leases are sized by from now on, a step being over. */
export function planPace(before: Pace, discriminatorSteps: number): Pace {
  const pace = { ...before, idleSteps: before.idleSteps + 1 };
  const { discriminator, generator } = pace.shardMs;
  if (pace.idleSteps > forgottenAfterSteps) return { ...unknownPace, wayMs: pace.wayMs };
  if (discriminator === undefined || generator === undefined) return pace;
  const ms = discriminator * discriminatorSteps + generator;
  const isNear = pace.plannedMs !== undefined && Math.abs(ms - pace.plannedMs) < nearness * pace.plannedMs;
  return isNear ? pace : { ...pace, plannedMs: ms };
}

/** How long a lease is expected to take; undefined of a worker that has not computed in this phase. */
export function expectedMs({ shardMs, wayMs }: Pace, phase: Phase, shards: number): number | undefined {
  const ms = shardMs[phase];
  return ms === undefined ? undefined : ms * shards + wayMs;
}
