/**
 * Who computes what: what is pending is divided by speed among all who take part, and whoever is idle is given its share.
 * When nothing is pending, a lease that is late is given to somebody idle as well: the results are the same, so the first
 * counts.
 */
import type { WeightsVersions } from '@lstm-gan/transport';
import { expectedMs } from './pace.ts';
import { countShards, cutRanges, shareOut } from './shares.ts';
import { networks, type Advance, type CoordinatorState, type Effect, type Lease, type Member } from './state.ts';

/** A lease that takes twice as long as expected, and a little longer, is late. */
const lateFactor = 2;
const lateSlackMs = 100;

/** Gives every idle worker its share of what is pending, or a copy of what is late. In the sliced exchange only while a round is under way, and only to its crew. */
export function assignLeases(state: CoordinatorState): Advance {
  if (state.sliced !== undefined && state.sliced.stage !== 'computing') return { state, effects: [] };
  const busy = new Set(state.round.leases.map(({ peer }) => peer));
  const idle = workersOf(state).filter(({ peer, overtaken }) => !busy.has(peer) && overtaken.length === 0);
  if (idle.length === 0) return { state, effects: [] };
  if (state.round.pending.length > 0) return divide(state, idle);
  // In the sliced exchange a round waits for every member anyway, and what is still on its way behind it would be in the way of the next.
  return state.sliced === undefined ? copyLate(state, idle) : { state, effects: [] };
}

/** Who leaves is given nothing more; but of a crew everybody is needed to the end of the step. */
function workersOf({ members, sliced }: CoordinatorState): Member[] {
  return members.filter(({ ready, leaving, peer }) => ready && (sliced?.members.includes(peer) ?? !leaving));
}

function divide(state: CoordinatorState, idle: readonly Member[]): Advance {
  const { round, plan } = state;
  // Whoever is busy still will be idle soon, and then takes its share.
  const isIdle = new Set(idle);
  const workers = [...idle, ...workersOf(state).filter((member) => !isIdle.has(member))];
  const shares: number[] = shareOut(countShards(round.pending), pacesOf(workers)).slice(0, idle.length);
  // A share of nothing is for the others to take; where they may never come, it is not.
  if (!shares.some(Boolean)) shares[0] = 1;
  const { pieces, rest } = cutRanges(round.pending, shares, plan.shardCount);
  const given = idle.flatMap((member, k) =>
    pieces[k].length === 0 ? [] : [{ member, ranges: pieces[k], copyOf: undefined }],
  );
  return give({ ...state, round: { ...round, pending: rest } }, given);
}

/** What a shard costs beside its computing; where that takes as long as nothing, differences in it are noise, and shares stay even. */
const handlingMs = 5;

/** Of whoever is not measured yet, the mean of the others. */
function pacesOf(workers: readonly Member[]): number[] {
  const known = workers.flatMap(({ pace }) => pace.plannedMs ?? []);
  const mean = known.reduce((sum, ms) => sum + ms, 0) / Math.max(1, known.length);
  return workers.map(({ pace }) => (pace.plannedMs ?? mean) + handlingMs);
}

function copyLate(state: CoordinatorState, idle: readonly Member[]): Advance {
  const { leases } = state.round;
  const isCopied = new Set(leases.flatMap(({ copyOf }) => copyOf ?? []));
  const late = leases
    .filter((lease) => lease.copyOf === undefined && !isCopied.has(lease.id) && isLate(state, lease))
    .toSorted((a, b) => countShards(b.ranges) - countShards(a.ranges));
  const fastest = idle.toSorted((a, b) => (a.pace.plannedMs ?? Infinity) - (b.pace.plannedMs ?? Infinity));
  const given = late
    .slice(0, fastest.length)
    .map((lease, k) => ({ member: fastest[k], ranges: lease.ranges, copyOf: lease.id }));
  const next = give(state, given);
  return { state: { ...next.state, copiedLeases: state.copiedLeases + given.length }, effects: next.effects };
}

function isLate(state: CoordinatorState, lease: Lease): boolean {
  return lastsLongerThan(state, lease, lateFactor, lateSlackMs);
}

/** Whoever has a lease for ten times as long as expected, and ten seconds more: its program answers, but its device does not. */
export function findHung(state: CoordinatorState): Lease | undefined {
  return state.round.leases.find((lease) => lastsLongerThan(state, lease, 10, 10_000));
}

/** Of whoever is not measured yet, as much is expected as of the slowest of the others. */
function lastsLongerThan(
  { members, round, nowMs }: CoordinatorState,
  { peer, ranges, sinceMs }: Lease,
  factor: number,
  slackMs: number,
): boolean {
  const expected = (member: Member): number | undefined => expectedMs(member.pace, round.phase, countShards(ranges));
  const own = members.filter((member) => member.peer === peer).map(expected);
  const others = members.flatMap((member) => expected(member) ?? []);
  const ms = own[0] ?? Math.max(...others);
  return others.length > 0 && nowMs - sinceMs > factor * ms + slackMs;
}

interface Given extends Pick<Lease, 'ranges' | 'copyOf'> {
  readonly member: Member;
}

function give(state: CoordinatorState, given: readonly Given[]): Advance {
  const { round, versions } = state;
  const leases = given.map(({ member: { peer }, ranges, copyOf }, k): Lease => ({
    id: state.nextLease + k,
    peer,
    ranges,
    sinceMs: state.nowMs,
    copyOf,
  }));
  const next = { ...round, leases: [...round.leases, ...leases] };
  const effects = given.flatMap(({ member }, k): Effect[] => [
    ...missingWeights(member, versions),
    { kind: 'send-work', peer: member.peer, lease: leases[k], round: next },
  ]);
  const served = new Set(given.map(({ member }) => member));
  const members = state.members.map((member) => (served.has(member) ? { ...member, versions } : member));
  return { state: { ...state, round: next, nextLease: state.nextLease + leases.length, members }, effects };
}

/** Orders to send a member the weights that it lacks. */
export function missingWeights({ peer, versions: known }: Member, versions: WeightsVersions): Effect[] {
  return networks
    .filter((network) => known[network] !== versions[network])
    .map((network) => ({ kind: 'send-weights', peer, network, version: versions[network] }));
}
