/**
 * The coordinator's decisions: a pure function from a state and an event to the next state and effects. If a worker is
 * lost, its leases end and the others compute its shards. Every shard of a round is in the sum exactly once.
 */
import { notFiniteAdvice, notFiniteUpdate } from '@lstm-gan/core/training';
import type { Failed, WorkerMessage } from '@lstm-gan/transport';
import type { Advance, CoordinatorEvent } from './decide/effects.ts';
import { prepend, quietly } from './decide/effects.ts';
import type { Heard } from './decide/exchange-rules.ts';
import { abort } from './decide/finish.ts';
import { findHung } from './decide/leases.ts';
import { admit, dismiss, letGoIfDone, refuse, refuseUnexpected, takeLeave, welcome } from './decide/membership.ts';
import { rulesOf } from './decide/rules-of.ts';
import { memberOf, type CoordinatorState, type Member } from './decide/state.ts';
import { afterCommit, afterUpdate, beginRound, takeContribution } from './train-step.ts';

/** Decides what follows from an event that happens at `nowMs`. */
export function advance(before: CoordinatorState, event: CoordinatorEvent, nowMs: number): Advance {
  const state = { ...before, nowMs };
  if (state.finished) return quietly(state);
  switch (event.kind) {
    case 'message':
      return hear(state, event.connection, event.message);
    case 'updated':
      return afterUpdate(state);
    case 'committed':
      return afterCommit(state, event);
    case 'left':
      return dismiss(state, event.connection, { reason: 'lost', sentence: event.sentence });
    case 'tick':
      return findLate(state);
    case 'gathered':
      return rulesOf(state).afterGather(state, event.gathering);
    case 'differed':
      return stopDiffering(state, event);
    case 'stop':
      return rulesOf(state).stop(state);
  }
}

function hear(state: CoordinatorState, connection: string, message: WorkerMessage): Advance {
  const member = memberOf(state, connection);
  if (member === undefined) {
    return message.kind === 'hello'
      ? welcome(state, connection, message)
      : refuseUnexpected(state, connection, message.kind);
  }
  if (message.kind === 'hello') return refuseUnexpected(state, connection, message.kind);
  if (message.run !== state.plan.run || message.incarnation !== state.plan.incarnation)
    return dropStale(state, message.kind);
  switch (message.kind) {
    case 'ready':
      return member.ready ? refuseUnexpected(state, connection, message.kind) : admit(state, member, message);
    case 'contribution':
      return letGoIfDone(takeContribution(state, member, message), connection);
    case 'leave':
      return takeLeave(state, member);
    case 'failed':
      return message.crew === rulesOf(state).crewNumber(state) ? stopFailed(state, member, message) : quietly(state);
    default:
      return follow(rulesOf(state).hear(state, member, message), member);
  }
}

/** Drops a message of another run, or of an earlier start of this coordinator. */
function dropStale(state: CoordinatorState, kind: WorkerMessage['kind']): Advance {
  const dropped = kind === 'contribution' ? 1 : 0;
  return quietly({ ...state, droppedContributions: state.droppedContributions + dropped });
}

/** Decides what follows from a message that only one exchange has, after the rules of that exchange have judged it. */
function follow({ state, verdict }: Heard, member: Member): Advance {
  const { step, phase } = state.round;
  switch (verdict.kind) {
    case 'noted':
      return { state, effects: verdict.effects };
    case 'stale':
      return quietly(state);
    case 'unexpected':
      return refuseUnexpected(state, member.connection, verdict.what);
    case 'refused':
      return refuse(state, verdict.connection, verdict.refusal);
    case 'settled':
      return beginRound(state);
    case 'updated':
      return { state, effects: [{ kind: 'update', step, phase, results: verdict.results }] };
    case 'not-finite':
      return abort(state, notFiniteUpdate(step, phase, verdict.entry));
  }
}

/**
 * Called when time has passed. Dismisses a worker that hangs. If no worker hangs, hands out work: in the star, a
 * lease may have become late, and then an idle worker gets its copy.
 */
function findLate(state: CoordinatorState): Advance {
  const hung = findHung(state);
  if (hung === undefined) return rulesOf(state).handOut(state);
  const { connection, sinceMs } = hung;
  const sentence = `It has been at work on a lease for ${Math.round((state.nowMs - sinceMs) / 1000)} s, ten times as long as expected.`;
  return prepend([{ kind: 'disconnect', connection }], dismiss(state, connection, { reason: 'lost', sentence }));
}

/** Stops training because a worker reported an error after which it cannot compute. */
function stopFailed(state: CoordinatorState, member: Member, failed: Failed): Advance {
  const { step, phase, shard, reason, sentence } = failed;
  const isNotFinite = reason === 'not-finite';
  return abort(state, {
    code: isNotFinite ? 'not-finite' : 'worker-failed',
    message: `Training stopped in step ${step}, ${phase} phase: worker ${member.name}, shard ${shard}: ${sentence}`,
    advice: isNotFinite ? notFiniteAdvice : "The worker's machine may lack memory; its log tells more.",
  });
}

/**
 * Called when two workers computed different bits: one of their machines is wrong, and nobody knows which one, or since
 * when. A strict run stops. A run that is not strict only warns.
 */
function stopDiffering(
  state: CoordinatorState,
  {
    workers: [first, second],
    contribution: { step, phase, subtrees },
  }: Extract<CoordinatorEvent, { kind: 'differed' }>,
): Advance {
  const shards = subtrees
    .map(({ start, end }) => (end - start === 1 ? `${start}` : `${start} to ${end - 1}`))
    .join(', ');
  const message = `Workers ${first} and ${second} computed different bits for the same shards (${shards}) of step ${step}, ${phase} phase.`;
  if (!state.plan.isStrict) return { state, effects: [{ kind: 'log', level: 'warn', text: message }] };
  return abort(state, {
    code: 'bits-differ',
    message,
    advice:
      'The memory or the processor of one of the two machines is at fault. Test both, and go on from the last checkpoint without the bad one.',
  });
}
