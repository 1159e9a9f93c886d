/**
 * The coordinator's decisions: a pure function from a state and an event to the next state and orders. Leases are
 * borrowed, never owned: whatever happens to a worker, its shards go back to the others, and every shard of a round is in
 * the sum exactly once.
 */
import { isFirstOfStep, nextPlace } from '@lstm-gan/core';
import type { Contribution, Failed, Hello, Ready, WorkerMessage } from '@lstm-gan/transport';
import { differingUnits, refuseHello, refuseReady } from './decide/admission.ts';
import {
  judgeContribution,
  originalOf,
  releaseLeases,
  settleLease,
  type ContributionVerdict,
} from './decide/judge-contribution.ts';
import { assignLeases, findHung } from './decide/leases.ts';
import { measure, plan, unknownPace } from './decide/pace.ts';
import { shareAdvice } from './decide/share-advice.ts';
import { endWithRecorded, loseMember, proceed, regroup, takeGathered } from './decide/sliced/sliced-crew.ts';
import { hearCrew, type Heard } from './decide/sliced/hear-crew.ts';
import {
  createRound,
  farewell,
  finish,
  prefixed,
  type Advance,
  type CoordinatorEvent,
  type CoordinatorState,
  type Effect,
  type Member,
  type Overtaken,
  type Refusal,
} from './decide/state.ts';

type Counting = Extract<ContributionVerdict, { kind: 'counts' }>;
type Differed = Extract<CoordinatorEvent, { kind: 'differed' }>;

/** What follows from an event that happens now. */
export function advance(before: CoordinatorState, event: CoordinatorEvent, nowMs: number): Advance {
  const state = { ...before, nowMs };
  if (state.finished) return { state, effects: [] };
  switch (event.kind) {
    case 'left':
      return dismiss(state, event.peer, event.sentence);
    case 'updated':
      return completeRound(state);
    case 'committed':
      return goOn({ ...state, stopping: state.stopping || event.isEnough }, event.isWanted);
    case 'gathered':
      return takeGathered(state, event.gathering);
    case 'stop':
      return stop(state);
    case 'tick':
      return lookAround(state);
    case 'differed':
      return stopDiffering(state, event);
    case 'message':
      return hear(state, event.peer, event.message);
  }
}

/** Time has passed: somebody may be late, or hang. */
function lookAround(state: CoordinatorState): Advance {
  const hung = findHung(state);
  if (hung === undefined) return assignLeases(state);
  const sentence = `It has been at work on a lease for ${Math.round((state.nowMs - hung.sinceMs) / 1000)} s, ten times as long as expected.`;
  return prefixed([{ kind: 'disconnect', peer: hung.peer }], dismiss(state, hung.peer, sentence));
}

function hear(state: CoordinatorState, peer: string, message: WorkerMessage): Advance {
  const member = state.members.find((candidate) => candidate.peer === peer);
  if (message.kind === 'hello')
    return member === undefined ? welcome(state, peer, message) : unexpected(state, peer, message.kind);
  if (member === undefined) return unexpected(state, peer, message.kind);
  if (message.run !== state.plan.run || message.incarnation !== state.plan.incarnation) return drop(state);
  switch (message.kind) {
    case 'ready':
      return member.ready ? unexpected(state, peer, message.kind) : admit(state, member, message);
    case 'contribution':
      return releaseIfDone(contribute(state, member, message), peer);
    case 'leave':
      return letGo(state, member);
    case 'failed':
      return message.crew === (state.sliced?.crew ?? 0) ? fail(state, member, message) : drop(state);
    default:
      return follow(hearCrew(state, member, message), member);
  }
}

/** What follows from what a member of a crew said. */
function follow({ state, verdict }: Heard, member: Member): Advance {
  switch (verdict.kind) {
    case 'noted':
      return { state, effects: verdict.effects };
    case 'dropped':
      return drop(state);
    case 'unexpected':
      return unexpected(state, member.peer, verdict.what);
    case 'refused':
      return refuse(state, verdict.peer, verdict.refusal);
    case 'settled':
      return proceed(state);
    case 'not-finite':
      return stopNotFinite(state, verdict.entry);
    case 'updated':
      return prefixed(
        [{ kind: 'complete', phase: state.round.phase, updateMs: verdict.updateMs }],
        completeRound(state),
      );
  }
}

/** A worker asks to be let go. In a crew it stays until its slices are with others: behind the step. */
function letGo(state: CoordinatorState, member: Member): Advance {
  return releaseIfDone({ state: replaced(state, member, { leaving: true }), effects: [] }, member.peer);
}

/** Who wants to leave goes as soon as nothing is awaited of it any more. */
function releaseIfDone(before: Advance, peer: string): Advance {
  const { state, effects } = before;
  const member = state.members.find((candidate) => candidate.peer === peer);
  if (member?.leaving !== true || isAwaited(state, member)) return before;
  return prefixed([...effects, farewell(state, peer)], dismiss(state, peer, 'It left.'));
}

function isAwaited({ round, sliced }: CoordinatorState, { peer, overtaken }: Member): boolean {
  return sliced === undefined
    ? overtaken.length > 0 || round.leases.some((lease) => lease.peer === peer)
    : sliced.members.includes(peer);
}

function welcome(state: CoordinatorState, peer: string, hello: Hello): Advance {
  const refusal = refuseHello(state, hello);
  if (refusal !== undefined) return refuse(state, peer, refusal);
  const { run, incarnation, config } = state.plan;
  const member: Member = {
    peer,
    name: hello.worker,
    ready: false,
    versions: {},
    address: null,
    leaving: false,
    pace: unknownPace,
    overtaken: [],
  };
  const message = {
    kind: 'welcome',
    run,
    incarnation,
    membership: state.membership,
    protocol: hello.protocol,
    exchange: state.plan.exchange,
    config,
  } as const;
  return { state: { ...state, members: [...state.members, member] }, effects: [{ kind: 'send', peer, message }] };
}

function admit(state: CoordinatorState, member: Member, ready: Ready): Advance {
  const refusal = refuseReady(state, member.name, ready);
  if (refusal !== undefined) return refuse(state, member.peer, refusal);
  const admitted = {
    ...replaced(state, member, { ready: true, address: ready.peer }),
    membership: state.membership + 1,
    steadySinceStep: state.round.step,
    probes: state.probes ?? ready.probes,
  };
  const text = `Worker ${member.name} joined (${ready.device}, TensorFlow ${ready.tensorflow}).`;
  const { tensorflow, graphs, probes } = ready;
  const effects: Effect[] = [
    { kind: 'log', level: 'info', text },
    ...warnOfDifference(state, member.name, ready),
    { kind: 'watch', peer: member.peer },
    ...(state.probes === undefined ? [{ kind: 'identify', computes: { tensorflow, graphs, probes } } as const] : []),
  ];
  return prefixed(effects, employ(admitted));
}

/** Of a worker that a strict run would not have admitted. */
function warnOfDifference(state: CoordinatorState, worker: string, ready: Ready): Effect[] {
  const units = differingUnits(state, ready);
  if (units.length === 0) return [];
  return [
    {
      kind: 'log',
      level: 'warn',
      text: `Worker ${worker} computes other bits than the run in ${units.join(', ')}: from here on the weights depend on who takes part.`,
    },
  ];
}

/** Somebody new is there: work in the round under way; in the sliced exchange a place in the next crew, behind the step. */
function employ(state: CoordinatorState): Advance {
  if (state.sliced === undefined) return assignLeases(state);
  return state.sliced.stage === 'resting' ? regroup(state) : { state, effects: [] };
}

function contribute(state: CoordinatorState, member: Member, contribution: Contribution): Advance {
  const verdict = judgeContribution(state, member, contribution);
  switch (verdict.kind) {
    case 'dropped':
      return drop(state);
    case 'unfit':
      return unexpected(state, member.peer, 'a contribution that does not fit its lease');
    case 'overtaken':
      return compare(state, member, contribution, verdict.by);
    case 'counts':
      return count(state, member, contribution, verdict);
  }
}

function count(
  state: CoordinatorState,
  member: Member,
  contribution: Contribution,
  { lease, twin }: Counting,
): Advance {
  const pace = measure(member.pace, contribution, state.nowMs - lease.sinceMs);
  const settled = settleLease(replaced(state, member, { pace }), lease, twin);
  const { round, plan, sliced } = settled;
  const collect: Effect = { kind: 'collect', contribution, worker: member.name, lease: twin && originalOf(lease) };
  if (round.shardsDone < plan.shardCount || sliced !== undefined) return prefixed([collect], assignLeases(settled));
  return { state: settled, effects: [collect, { kind: 'update', step: round.step, phase: round.phase }] };
}

/** Somebody was faster: it counts for nothing, but must be the same; and whoever computed it is idle now. */
function compare(state: CoordinatorState, member: Member, contribution: Contribution, by: Overtaken): Advance {
  const idle = replaced(state, member, { overtaken: member.overtaken.filter((other) => other !== by) });
  const { state: dropped } = drop(idle);
  return prefixed([{ kind: 'compare', contribution, worker: member.name, lease: by.original }], assignLeases(dropped));
}

function replaced(state: CoordinatorState, member: Member, change: Partial<Member>): CoordinatorState {
  return { ...state, members: state.members.map((other) => (other === member ? { ...member, ...change } : other)) };
}

/** The round's network is updated: on to the next phase, or the step is complete. */
function completeRound(state: CoordinatorState): Advance {
  const { round, plan, versions } = state;
  const updated = { ...state, versions: { ...versions, [round.phase]: versions[round.phase] + 1 } };
  const next = createRound(nextPlace(round, plan.discriminatorSteps), plan.shardCount);
  if (!isFirstOfStep(next)) return onward({ ...updated, round: next });
  return { state: { ...updated, round: next }, effects: [{ kind: 'commit', step: round.step }] };
}

/** A step is committed: on to the next one, or the end. */
function goOn(state: CoordinatorState, isWanted: boolean): Advance {
  const committedStep = state.round.step - 1;
  const isOver = committedStep >= state.plan.lastStep || state.stopping;
  if (isOver) return state.sliced === undefined ? finish(state) : proceed(state, isWanted);
  const members = state.members.map((member) => ({
    ...member,
    pace: plan(member.pace, state.plan.discriminatorSteps),
  }));
  const { state: advised, effects } = advise({ ...state, members }, committedStep);
  return prefixed(effects, onward(advised, isWanted));
}

/** The next round begins. */
function onward(state: CoordinatorState, isWanted = false): Advance {
  return state.sliced === undefined ? assignLeases(state) : proceed(state, isWanted);
}

/** Workers come one by one: only a crew that has stayed the same for a while is judged, and once. */
const steadySteps = 3;

function advise(state: CoordinatorState, committedStep: number): Advance {
  const workers = state.members.filter(({ ready }) => ready).length;
  const isDue = !state.advised && workers > 0 && committedStep - state.steadySinceStep === steadySteps;
  const text = isDue ? shareAdvice(state.plan.shardCount, workers) : undefined;
  if (text === undefined) return { state, effects: [] };
  return { state: { ...state, advised: true }, effects: [{ kind: 'log', level: 'warn', text }] };
}

/** Stops behind the step in work; at once where none is. */
function stop(state: CoordinatorState): Advance {
  const { round, sliced } = state;
  const atStart = isFirstOfStep(round) && round.leases.length === 0 && round.shardsDone === 0;
  const untouched = atStart && (sliced === undefined || sliced.stage === 'resting' || sliced.stage === 'settling');
  const abandoned = !state.members.some(({ ready }) => ready);
  if (!untouched && !abandoned) return { state: { ...state, stopping: true }, effects: [] };
  return sliced === undefined || atStart ? finish(state) : endWithRecorded(state);
}

/** A worker is gone: its shards go back, and to the others at once. */
function dismiss(state: CoordinatorState, peer: string, sentence: string): Advance {
  const member = state.members.find((candidate) => candidate.peer === peer);
  if (member === undefined) return { state, effects: [] };
  const next = withoutMember(state, peer);
  const others = next.members.filter(({ ready }) => ready).length;
  const level = sentence === 'It left.' ? 'info' : 'warn';
  const text = `Worker ${member.name} is gone: ${sentence} ${others} others go on.`;
  if (others === 0 && state.stopping && state.sliced === undefined)
    return prefixed([{ kind: 'log', level, text }], finish(next));
  return prefixed([{ kind: 'log', level, text }], goOnWithout(next, peer));
}

/** Its shards go to the others; its slices to their backups. */
function goOnWithout(state: CoordinatorState, peer: string): Advance {
  return state.sliced === undefined ? assignLeases(state) : loseMember(state, peer);
}

function withoutMember(state: CoordinatorState, peer: string): CoordinatorState {
  return {
    ...state,
    membership: state.membership + 1,
    steadySinceStep: state.round.step,
    members: state.members.filter((member) => member.peer !== peer),
    round: releaseLeases(state, peer),
  };
}

const notFiniteAdvice =
  'The last checkpoint is from before it. Lower the learning rates, or regularize the discriminator.';

function fail(state: CoordinatorState, member: Member, { step, phase, shard, reason, sentence }: Failed): Advance {
  const code = reason === 'not-finite' ? 'not-finite' : 'worker-failed';
  const advice =
    reason === 'not-finite' ? notFiniteAdvice : "The worker's machine may lack memory; its log tells more.";
  const message = `Training stopped in step ${step}, ${phase} phase: worker ${member.name}, shard ${shard}: ${sentence}`;
  return prefixed([{ kind: 'abort', code, message, advice }], finish(state));
}

/** A slice's update would not be finite. */
function stopNotFinite(state: CoordinatorState, entry: string): Advance {
  const message = `Training stopped in step ${state.round.step}: ${state.round.phase}/${entry} would no longer be finite.`;
  return prefixed([{ kind: 'abort', code: 'not-finite', message, advice: notFiniteAdvice }], finish(state));
}

/** One of two machines computes wrong bits; nobody knows which, nor since when. */
function stopDiffering(
  state: CoordinatorState,
  { workers: [first, second], contribution: { step, phase, subtrees } }: Differed,
): Advance {
  const shards = subtrees
    .map(({ start, end }) => (end - start === 1 ? `${start}` : `${start} to ${end - 1}`))
    .join(', ');
  const message = `Workers ${first} and ${second} computed different bits for the same shards (${shards}) of step ${step}, ${phase} phase.`;
  if (!state.plan.isStrict) return { state, effects: [{ kind: 'log', level: 'warn', text: message }] };
  const advice =
    'The memory or the processor of one of the two machines is at fault. Test both, and go on from the last checkpoint without the bad one.';
  return prefixed([{ kind: 'abort', code: 'bits-differ', message, advice }], finish(state));
}

function unexpected(state: CoordinatorState, peer: string, what: string): Advance {
  return refuse(state, peer, { reason: 'unexpected-message', sentence: `Nobody expected ${what} now.` });
}

/** Tells a peer why it may not take part, or no longer. */
function refuse(state: CoordinatorState, peer: string, { reason, sentence }: Refusal): Advance {
  const effects: Effect[] = [
    { kind: 'send', peer, message: { kind: 'reject', reason, sentence } },
    { kind: 'disconnect', peer },
    { kind: 'log', level: 'warn', text: `A worker was refused: ${sentence}` },
  ];
  const isMember = state.members.some((member) => member.peer === peer);
  return prefixed(effects, goOnWithout(isMember ? withoutMember(state, peer) : state, peer));
}

/** Stale, late or twice: recognised, counted, dropped. */
function drop(state: CoordinatorState): Advance {
  return { state: { ...state, droppedContributions: state.droppedContributions + 1 }, effects: [] };
}
