/** What a contribution is worth: it counts once, for the lease that it answers. */
import { comparePlaces } from '@lstm-gan/core';
import type { Contribution } from '@lstm-gan/transport';
import { countShards } from './shares.ts';
import type { CoordinatorState, Lease, Member, Overtaken } from './state.ts';

export type ContributionVerdict =
  /** `twin`: the same shards, computed by somebody else. */
  | { readonly kind: 'counts'; readonly lease: Lease; readonly twin: Lease | undefined }
  /** Somebody was faster. */
  | { readonly kind: 'overtaken'; readonly by: Overtaken }
  /** Stale, late or twice. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'unfit' };

export function judgeContribution(
  state: CoordinatorState,
  member: Member,
  contribution: Contribution,
): ContributionVerdict {
  const by = member.overtaken.find(({ lease }) => lease === contribution.lease);
  if (by !== undefined) return { kind: 'overtaken', by };
  const { round, sliced } = state;
  const lease = round.leases.find(({ id, peer }) => id === contribution.lease && peer === member.peer);
  const isOfRound = contribution.crew === (sliced?.crew ?? 0) && comparePlaces(contribution, round) === 0;
  if (lease === undefined || !isOfRound) return { kind: 'dropped' };
  if (!fits(state, lease, contribution)) return { kind: 'unfit' };
  return { kind: 'counts', lease, twin: round.leases.find((other) => isTwin(other, lease)) };
}

const isTwin = (a: Lease, b: Lease): boolean => a.copyOf === b.id || b.copyOf === a.id;

function fits(
  { plan, round, sliced }: CoordinatorState,
  { ranges }: Lease,
  { subtrees, sums, losses }: Contribution,
): boolean {
  const shards = ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k));
  const floats = plan.layoutSizes[round.phase];
  return (
    subtrees.length === ranges.length &&
    subtrees.every(({ start, end }, k) => start === ranges[k].start && end === ranges[k].end) &&
    sums.length === (sliced === undefined ? ranges.length : 0) &&
    sums.every(({ length }) => length === floats) &&
    losses.length === shards.length &&
    losses.every(({ shard }, k) => shard === shards[k])
  );
}

/** The round with a lease done, and the members with what follows for whoever computed the same. */
export function settleLease(state: CoordinatorState, lease: Lease, twin: Lease | undefined): CoordinatorState {
  const { round } = state;
  const leases = round.leases.filter((other) => other !== lease && other !== twin);
  const members = state.members.map((other) =>
    other.peer === twin?.peer
      ? { ...other, overtaken: [...other.overtaken, { lease: twin.id, original: originalOf(lease) }] }
      : other,
  );
  return { ...state, members, round: { ...round, leases, shardsDone: round.shardsDone + countShards(lease.ranges) } };
}

/** The number that a lease and its copy share. */
export function originalOf({ id, copyOf }: Lease): number {
  return copyOf ?? id;
}

/** What becomes of the leases of a worker that is gone: a copy elsewhere goes on, and nothing is to be done again for it. */
export function releaseLeases({ round }: CoordinatorState, peer: string): CoordinatorState['round'] {
  const lost = round.leases.filter((lease) => lease.peer === peer);
  const kept = round.leases.filter((lease) => lease.peer !== peer);
  const alone = lost.filter((lease) => !kept.some((other) => isTwin(other, lease)));
  const leases = kept.map((lease) =>
    lost.some(({ id }) => id === lease.copyOf) ? { ...lease, copyOf: undefined } : lease,
  );
  return { ...round, leases, pending: [...round.pending, ...alone.flatMap(({ ranges }) => ranges)] };
}
