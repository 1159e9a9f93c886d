/** What members of a crew tell the coordinator, judged; what follows from it is decided in advance.ts and sliced-crew.ts. */
import { comparePlaces } from '@lstm-gan/core';
import type { SliceState, Unreachable, Updated, WorkerMessage } from '@lstm-gan/transport';
import type { CoordinatorState, Effect, Member, Refusal, SlicedState } from '../state.ts';

type CrewMessage = Extract<WorkerMessage, { kind: 'settled' | 'updated' | 'slice' | 'unreachable' }>;

/** The state with what was said taken down, and what it comes to. */
export interface Heard {
  readonly state: CoordinatorState;
  readonly verdict:
    | { readonly kind: 'noted'; readonly effects: readonly Effect[] }
    /** Late, or twice. */
    | { readonly kind: 'dropped' }
    | { readonly kind: 'unexpected'; readonly what: string }
    | { readonly kind: 'refused'; readonly peer: string; readonly refusal: Refusal }
    /** All members have taken up their places. */
    | { readonly kind: 'settled' }
    /** All members have the round's result. */
    | { readonly kind: 'updated'; readonly updateMs: number }
    | { readonly kind: 'not-finite'; readonly entry: string };
}

export function hearCrew(state: CoordinatorState, member: Member, message: CrewMessage): Heard {
  const { sliced } = state;
  if (sliced === undefined) return { state, verdict: { kind: 'unexpected', what: message.kind } };
  if (message.kind === 'slice') return hearSlice(state, sliced, member, message);
  const isOfCrew = message.crew === sliced.crew && sliced.members.includes(member.peer);
  if (!isOfCrew) return { state, verdict: { kind: 'dropped' } };
  if (message.kind === 'unreachable') return hearUnreachable(state, sliced, member, message);
  if (sliced.reported.includes(member.peer)) return { state, verdict: { kind: 'dropped' } };
  return message.kind === 'settled' ? hearSettled(state, sliced, member) : hearUpdated(state, sliced, member, message);
}

function hearSlice(state: CoordinatorState, { gatherings }: SlicedState, member: Member, slice: SliceState): Heard {
  const floats = state.plan.sliceSizes[slice.network][slice.slice];
  const fits =
    [slice.weights, slice.firstMoments, slice.secondMoments].every(({ length }) => length === floats) &&
    slice.ema.length === (slice.network === 'generator' ? floats : 0);
  if (!fits) return { state, verdict: { kind: 'unexpected', what: 'a slice of that size' } };
  const isAwaited = gatherings.some(({ id, asked }) => id === slice.gathering && asked.includes(member.peer));
  return {
    state,
    verdict: isAwaited ? { kind: 'noted', effects: [{ kind: 'collect-slice', slice }] } : { kind: 'dropped' },
  };
}

/** Of two workers that cannot reach each other, the one that came later goes: the others got on without it. */
function hearUnreachable(
  state: CoordinatorState,
  { members }: SlicedState,
  accuser: Member,
  { worker, sentence }: Unreachable,
): Heard {
  const accused = state.members.find(({ name }) => name === worker);
  if (accused === undefined || !members.includes(accused.peer)) return { state, verdict: { kind: 'dropped' } };
  const later = state.members.indexOf(accused) > state.members.indexOf(accuser) ? accused : accuser;
  const where = accused.address === null ? '' : ` at ${accused.address.address}`;
  const refusal: Refusal = {
    reason: 'unreachable',
    sentence: `Worker ${accuser.name} does not reach ${accused.name}${where} (${sentence}), and ${later.name} came later. Open the way between the machines, or start the coordinator with --exchange star.`,
  };
  return { state, verdict: { kind: 'refused', peer: later.peer, refusal } };
}

function hearSettled(state: CoordinatorState, sliced: SlicedState, member: Member): Heard {
  if (sliced.stage !== 'settling') return { state, verdict: { kind: 'unexpected', what: 'settled' } };
  const reported = [...sliced.reported, member.peer];
  const next = { ...state, sliced: { ...sliced, reported } };
  return {
    state: next,
    verdict: reported.length === sliced.members.length ? { kind: 'settled' } : { kind: 'noted', effects: [] },
  };
}

function hearUpdated(state: CoordinatorState, sliced: SlicedState, member: Member, updated: Updated): Heard {
  const { round, plan } = state;
  const isOfRound = sliced.stage === 'computing' && comparePlaces(updated, round) === 0;
  if (!isOfRound) return { state, verdict: { kind: 'dropped' } };
  if (updated.notFinite !== null) return { state, verdict: { kind: 'not-finite', entry: updated.notFinite } };
  const reported = [...sliced.reported, member.peer];
  const updateMs = Math.max(sliced.updateMs, updated.updateMs);
  if (reported.length < sliced.members.length)
    return { state: { ...state, sliced: { ...sliced, reported, updateMs } }, verdict: { kind: 'noted', effects: [] } };
  // Nobody has a result before every shard is in it, and whoever computed one said so first.
  if (round.shardsDone < plan.shardCount)
    return { state, verdict: { kind: 'unexpected', what: 'the result of a round without all of its contributions' } };
  const isMember = new Set(sliced.members);
  const versions = { ...state.versions, [round.phase]: state.versions[round.phase] + 1 };
  const members = state.members.map((other) => (isMember.has(other.peer) ? { ...other, versions } : other));
  return {
    state: { ...state, members, sliced: { ...sliced, reported: [], updateMs: 0 } },
    verdict: { kind: 'updated', updateMs },
  };
}
