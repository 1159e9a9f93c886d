/** A lease ends when its contribution counts, when its copy's contribution counts, or when its worker is gone. */
import { countShards } from './shares.ts';
import type { CoordinatorState, Lease, Round } from './state.ts';

/** The number that a lease and its copy share. */
export function originalOf({ id, copyOf }: Lease): number {
  return copyOf ?? id;
}

/** Whether one of two leases is the other's copy. */
export function areTwins(a: Lease, b: Lease): boolean {
  return a.copyOf === b.id || b.copyOf === a.id;
}

/**
 * Ends a lease whose contribution counts, and returns the new state.
 * @param twin another worker's lease for the same shards; the contribution overtakes this lease
 */
export function completeLease(state: CoordinatorState, lease: Lease, twin: Lease | undefined): CoordinatorState {
  const { round } = state;
  const leases = round.leases.filter((other) => other !== lease && other !== twin);
  const members = state.members.map((other) =>
    other.connection === twin?.connection
      ? { ...other, overtaken: [...other.overtaken, { lease: twin.id, original: originalOf(lease) }] }
      : other,
  );
  return { ...state, members, round: { ...round, leases, shardsDone: round.shardsDone + countShards(lease.subtrees) } };
}

/**
 * Returns the round without a worker's leases. Their shards are pending again, unless another worker computes the same
 * shards.
 */
export function releaseLeases({ round }: CoordinatorState, connection: string): Round {
  const lost = round.leases.filter((lease) => lease.connection === connection);
  const kept = round.leases.filter((lease) => lease.connection !== connection);
  const alone = lost.filter((lease) => !kept.some((other) => areTwins(other, lease)));
  const leases = kept.map((lease) =>
    lost.some(({ id }) => id === lease.copyOf) ? { ...lease, copyOf: undefined } : lease,
  );
  return { ...round, leases, pending: [...round.pending, ...alone.flatMap(({ subtrees }) => subtrees)] };
}
