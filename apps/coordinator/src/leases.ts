/** Who computes what: pending shards are cut for as many workers as are idle, and each idle worker is given one piece. */
import { splitRange, type ShardRange } from '@lstm-gan/core';
import type { WeightsVersions } from '@lstm-gan/transport';
import { networks, type Advance, type CoordinatorState, type Effect, type Lease, type Member } from './state.ts';

/** Cuts ranges, the largest first, until there are at least `count` or only single shards. */
function spread(ranges: readonly ShardRange[], count: number): ShardRange[] {
  const pieces = [...ranges];
  for (;;) {
    const largest = pieces.reduce((best, { start, end }, i) => (end - start > pieces[best].end - pieces[best].start ? i : best), 0);
    const range = pieces[largest];
    if (range === undefined || pieces.length >= count || range.end - range.start < 2) return pieces;
    pieces.splice(largest, 1, ...splitRange(range));
  }
}

/** How many shards the worker with most of them computes, when a whole batch is shared by so many. */
export function largestShare(shardCount: number, workers: number): number {
  return Math.max(...spread([{ start: 0, end: shardCount }], workers).map(({ start, end }) => end - start));
}

/** Gives every idle worker a piece of what is pending, with the weights that it lacks. In the sliced exchange only while a round is under way, and only to its crew. */
export function assignLeases(state: CoordinatorState): Advance {
  const { round, members, versions, sliced } = state;
  if (sliced !== undefined && sliced.stage !== 'computing') return { state, effects: [] };
  const busy = new Set(round.leases.map(({ peer }) => peer));
  const idle = members.filter(({ ready, peer }) => ready && !busy.has(peer) && (sliced?.members.includes(peer) ?? true));
  if (idle.length === 0 || round.pending.length === 0) return { state, effects: [] };
  const pieces = spread(round.pending, idle.length);
  const given = idle.slice(0, pieces.length);
  const leases = given.map(({ peer }, i): Lease => ({ id: state.nextLease + i, peer, range: pieces[i] }));
  const next = { ...round, pending: pieces.slice(given.length), leases: [...round.leases, ...leases] };
  const effects = given.flatMap((member, i): Effect[] => [
    ...missingWeights(member, versions),
    { kind: 'send-work', peer: member.peer, lease: leases[i], round: next },
  ]);
  const served = new Set(given);
  return {
    state: {
      ...state,
      round: next,
      nextLease: state.nextLease + leases.length,
      members: members.map((member) => (served.has(member) ? { ...member, versions } : member)),
    },
    effects,
  };
}

/** Orders to send a member the weights that it lacks. */
export function missingWeights({ peer, versions: known }: Member, versions: WeightsVersions): Effect[] {
  return networks
    .filter((network) => known[network] !== versions[network])
    .map((network) => ({ kind: 'send-weights', peer, network, version: versions[network] }));
}
