/** Decides whether a contribution counts. Each contribution counts at most once, for the lease that it answers. */
import { shardsOf } from '@lstm-gan/core/fold';
import { comparePlaces } from '@lstm-gan/core/step';
import type { Contribution } from '@lstm-gan/transport';
import { areTwins } from './end-lease.ts';
import type { ExchangeRules } from './exchange-rules.ts';
import type { CoordinatorState, Lease, Member, Overtaken } from './state.ts';

export type ContributionVerdict =
  | {
      readonly kind: 'counts';
      readonly lease: Lease;
      /** The lease of another worker for the same shards. */
      readonly twin: Lease | undefined;
    }
  /** Another worker's contribution for the same shards came first. */
  | { readonly kind: 'overtaken'; readonly by: Overtaken }
  /** The contribution belongs to another round or crew, or has come before. */
  | { readonly kind: 'dropped' }
  /** The contribution's shards or vector sizes are not those of its lease. */
  | { readonly kind: 'unfit' };

export function judgeContribution(
  state: CoordinatorState,
  rules: ExchangeRules,
  member: Member,
  contribution: Contribution,
): ContributionVerdict {
  const by = member.overtaken.find(({ lease }) => lease === contribution.lease);
  if (by !== undefined) return { kind: 'overtaken', by };
  const { round } = state;
  const lease = round.leases.find(
    ({ id, connection }) => id === contribution.lease && connection === member.connection,
  );
  const isOfRound = contribution.crew === rules.crewNumber(state) && comparePlaces(contribution, round) === 0;
  if (lease === undefined || !isOfRound) return { kind: 'dropped' };
  if (!fits(state, rules, lease, contribution)) return { kind: 'unfit' };
  return { kind: 'counts', lease, twin: round.leases.find((other) => areTwins(other, lease)) };
}

function fits(
  { plan, round }: CoordinatorState,
  { contributionsCarrySums }: ExchangeRules,
  lease: Lease,
  { subtrees, sums, losses }: Contribution,
): boolean {
  const shards = shardsOf(lease.subtrees);
  const floats = plan.layoutSizes[round.phase];
  return (
    subtrees.length === lease.subtrees.length &&
    subtrees.every(({ start, end }, k) => start === lease.subtrees[k].start && end === lease.subtrees[k].end) &&
    sums.length === (contributionsCarrySums ? lease.subtrees.length : 0) &&
    sums.every(({ length }) => length === floats) &&
    losses.length === shards.length &&
    losses.every(({ shard }, k) => shard === shards[k])
  );
}
