/**
 * Decides which worker computes which shards. Pending shards are divided among all workers according to their speed,
 * and every idle worker gets its share. In the star, when no shard is pending, an idle worker gets a copy of a late
 * lease. Both workers compute the same result, so the contribution that comes first counts.
 */
import { networks } from '@lstm-gan/core/weights';
import type { WeightsVersions } from '@lstm-gan/transport';
import { quietly, type Advance, type Effect } from './effects.ts';
import { expectedMs } from './pace.ts';
import { countShards, cutSubtrees, shareOut } from './shares.ts';
import type { CoordinatorState, Lease, Member } from './state.ts';

/** A lease is late if it takes longer than this factor times the expected time, plus the slack. */
const lateFactor = 2;
const lateSlackMs = 100;
/**
 * A worker is taken to hang if its lease takes longer than this factor times the expected time, plus the slack. Its
 * program may still answer, although its device does not.
 */
const hungFactor = 10;
const hungSlackMs = 10_000;
/**
 * Time that a shard costs in addition to computing. If computing a shard takes much less than this, all workers get
 * about equal shares. That is wanted, because such short measured times differ mostly by noise.
 */
const handlingMs = 5;

type Grant = Pick<Lease, 'subtrees' | 'copyOf'> & { readonly member: Member };

/** Gives every idle worker its share of the pending shards. */
export function assignPending(state: CoordinatorState, workers: readonly Member[]): Advance {
  const idle = idleOf(state, workers);
  if (idle.length === 0) return quietly(state);
  const { round, plan } = state;
  // A busy worker will be idle soon, and then takes its share.
  const busy = workers.filter((worker) => !idle.includes(worker));
  const paces = pacesOf([...idle, ...busy]);
  const shares = shareOut(countShards(round.pending), paces).slice(0, idle.length);
  // At least one shard is given out now, because the busy workers may never become idle.
  if (!shares.some(Boolean)) shares[0] = 1;
  const { pieces, rest } = cutSubtrees(round.pending, shares, plan.shardCount);
  const grants = idle
    .map((member, k): Grant => ({ member, subtrees: pieces[k], copyOf: undefined }))
    .filter(({ subtrees }) => subtrees.length > 0);
  return grantLeases({ ...state, round: { ...round, pending: rest } }, grants);
}

/** Gives copies of late leases, the largest first, to idle workers, the fastest first. A lease is copied once. */
export function copyLate(state: CoordinatorState, workers: readonly Member[]): Advance {
  const { leases } = state.round;
  const isCopied = new Set(leases.flatMap(({ copyOf }) => copyOf ?? []));
  const late = leases
    .filter((lease) => lease.copyOf === undefined && !isCopied.has(lease.id) && isLate(state, lease))
    .toSorted((a, b) => countShards(b.subtrees) - countShards(a.subtrees));
  const fastest = idleOf(state, workers).toSorted(
    (a, b) => (a.pace.plannedMs ?? Infinity) - (b.pace.plannedMs ?? Infinity),
  );
  const grants = late
    .slice(0, fastest.length)
    .map((lease, k): Grant => ({ member: fastest[k], subtrees: lease.subtrees, copyOf: lease.id }));
  const { state: granted, effects } = grantLeases(state, grants);
  return { state: { ...granted, copiedLeases: state.copiedLeases + grants.length }, effects };
}

/** The lease of a worker that hangs, if there is one. */
export function findHung(state: CoordinatorState): Lease | undefined {
  return state.round.leases.find((lease) => lastsLongerThan(state, lease, hungFactor, hungSlackMs));
}

/** Effects that send a member the weights that it lacks. */
export function missingWeights({ connection, versions: known }: Member, versions: WeightsVersions): Effect[] {
  return networks
    .filter((network) => known[network] !== versions[network])
    .map((network) => ({ kind: 'send-weights', connection, network, version: versions[network] }));
}

function idleOf({ round }: CoordinatorState, workers: readonly Member[]): Member[] {
  const busy = new Set(round.leases.map(({ connection }) => connection));
  return workers.filter(({ connection, overtaken }) => !busy.has(connection) && overtaken.length === 0);
}

/** Milliseconds for a shard. A worker that is not measured yet is given the mean of the others. */
function pacesOf(workers: readonly Member[]): number[] {
  const known = workers.flatMap(({ pace }) => pace.plannedMs ?? []);
  const mean = known.reduce((sum, ms) => sum + ms, 0) / Math.max(1, known.length);
  return workers.map(({ pace }) => (pace.plannedMs ?? mean) + handlingMs);
}

function isLate(state: CoordinatorState, lease: Lease): boolean {
  return lastsLongerThan(state, lease, lateFactor, lateSlackMs);
}

/**
 * Whether a lease has taken longer than `factor` times the expected time, plus `slackMs`. A worker without measurements
 * is expected to be as slow as the slowest of the others.
 */
function lastsLongerThan(
  { members, round, nowMs }: CoordinatorState,
  { connection, subtrees, sinceMs }: Lease,
  factor: number,
  slackMs: number,
): boolean {
  const expected = (member: Member): number | undefined => expectedMs(member.pace, round.phase, countShards(subtrees));
  const own = members.filter((member) => member.connection === connection).map(expected);
  const all = members.flatMap((member) => expected(member) ?? []);
  const ms = own[0] ?? Math.max(...all);
  return all.length > 0 && nowMs - sinceMs > factor * ms + slackMs;
}

function grantLeases(state: CoordinatorState, grants: readonly Grant[]): Advance {
  const { versions, nextLease, nowMs } = state;
  const leases = grants.map(({ member: { connection }, subtrees, copyOf }, k): Lease => ({
    id: nextLease + k,
    connection,
    subtrees,
    sinceMs: nowMs,
    copyOf,
  }));
  const round = { ...state.round, leases: [...state.round.leases, ...leases] };
  const effects = grants.flatMap(({ member }, k): Effect[] => [
    ...missingWeights(member, versions),
    { kind: 'send-work', connection: member.connection, lease: leases[k], round },
  ]);
  const granted = new Set(grants.map(({ member }) => member));
  const members = state.members.map((member) => (granted.has(member) ? { ...member, versions } : member));
  return { state: { ...state, round, nextLease: nextLease + leases.length, members }, effects };
}
