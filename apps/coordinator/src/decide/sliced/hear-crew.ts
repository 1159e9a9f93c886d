/** Judges what members of a crew tell the coordinator. advance.ts decides what follows. Tests: sliced-rules.test.ts. */
import { comparePlaces } from '@lstm-gan/core/step';
import type { SliceState, Unreachable, Updated } from '@lstm-gan/transport';
import type { Refusal } from '../admission.ts';
import type { ExchangeMessage, Heard } from '../exchange-rules.ts';
import type { CoordinatorState, Member } from '../state.ts';
import { slicedOf, withSliced } from './sliced-part.ts';

export function hearCrew(state: CoordinatorState, member: Member, message: ExchangeMessage): Heard {
  if (message.kind === 'slice') return hearSlice(state, member, message);
  const { crew, members, reported } = slicedOf(state);
  const isOfCrew = message.crew === crew && members.includes(member.connection);
  if (!isOfCrew) return stale(state);
  if (message.kind === 'unreachable') return hearUnreachable(state, member, message);
  if (reported.includes(member.connection)) return stale(state);
  return message.kind === 'settled' ? hearSettled(state, member) : hearUpdated(state, member, message);
}

function hearSlice(state: CoordinatorState, member: Member, slice: SliceState): Heard {
  const floats = state.plan.sliceSizes[slice.network][slice.slice];
  const fits =
    [slice.weights, slice.firstMoments, slice.secondMoments].every(({ length }) => length === floats) &&
    slice.ema.length === (slice.network === 'generator' ? floats : 0);
  if (!fits) return unexpected(state, 'a slice of that size');
  const { gatherings } = slicedOf(state);
  const isAwaited = gatherings.some(({ id, asked }) => id === slice.gathering && asked.includes(member.connection));
  if (!isAwaited) return stale(state);
  return { state, verdict: { kind: 'noted', effects: [{ kind: 'collect-slice', slice }] } };
}

/** If two workers cannot reach each other, the one that joined later must leave: the crew worked without it before. */
function hearUnreachable(state: CoordinatorState, accuser: Member, { worker, sentence }: Unreachable): Heard {
  const accused = state.members.find(({ name }) => name === worker);
  if (accused === undefined || !slicedOf(state).members.includes(accused.connection)) return stale(state);
  const later = state.members.indexOf(accused) > state.members.indexOf(accuser) ? accused : accuser;
  const where = accused.address === null ? '' : ` at ${accused.address.address}`;
  const refusal: Refusal = {
    reason: 'unreachable',
    sentence: `Worker ${accuser.name} does not reach ${accused.name}${where} (${sentence}), and ${later.name} came later. Open the way between the machines, or start the coordinator with --exchange star.`,
  };
  return { state, verdict: { kind: 'refused', connection: later.connection, refusal } };
}

function hearSettled(state: CoordinatorState, member: Member): Heard {
  const { stage, reported: before, members } = slicedOf(state);
  if (stage !== 'settling') return unexpected(state, 'settled');
  const reported = [...before, member.connection];
  const next = withSliced(state, { reported });
  return reported.length === members.length ? { state: next, verdict: { kind: 'settled' } } : noted(next);
}

function hearUpdated(state: CoordinatorState, member: Member, updated: Updated): Heard {
  const { round, plan } = state;
  const sliced = slicedOf(state);
  const isOfRound = sliced.stage === 'computing' && comparePlaces(updated, round) === 0;
  if (!isOfRound) return stale(state);
  if (updated.notFinite !== null) return { state, verdict: { kind: 'not-finite', entry: updated.notFinite } };
  const reported = [...sliced.reported, member.connection];
  const results = [...sliced.results, updated];
  if (reported.length < sliced.members.length) return noted(withSliced(state, { reported, results }));
  // A result needs every shard, and each worker sends its contribution before its result.
  if (round.shardsDone < plan.shardCount)
    return unexpected(state, 'the result of a round without all of its contributions');
  const versions = { ...state.versions, [round.phase]: state.versions[round.phase] + 1 };
  const members = state.members.map((other) =>
    sliced.members.includes(other.connection) ? { ...other, versions } : other,
  );
  return {
    state: withSliced({ ...state, members }, { reported: [], results: [] }),
    verdict: { kind: 'updated', results },
  };
}

function noted(state: CoordinatorState): Heard {
  return { state, verdict: { kind: 'noted', effects: [] } };
}

function stale(state: CoordinatorState): Heard {
  return { state, verdict: { kind: 'stale' } };
}

function unexpected(state: CoordinatorState, what: string): Heard {
  return { state, verdict: { kind: 'unexpected', what } };
}
