/**
 * The coordinator's decisions: a pure function from a state and an event to the next state and orders. Leases are
 * borrowed, never owned: whatever happens to a worker, its shards go back to the others, and every shard of a round is in
 * the sum exactly once.
 */
import { isSubtree } from '@lstm-gan/core';
import type { Contribution, Failed, Hello, Ready, WorkerMessage } from '@lstm-gan/transport';
import { refuseHello, refuseReady } from './admission.ts';
import { assignLeases } from './leases.ts';
import { shareAdvice } from './share-advice.ts';
import { createRound, type Advance, type CoordinatorEvent, type CoordinatorState, type Effect, type Member, type Refusal } from './state.ts';

/** What follows from an event. */
export function advance(state: CoordinatorState, event: CoordinatorEvent): Advance {
  if (state.finished) return { state, effects: [] };
  switch (event.kind) {
    case 'left':
      return dismiss(state, event.peer, event.sentence);
    case 'updated':
      return completeRound(state);
    case 'committed':
      return goOn(state, event.isEnough);
    case 'stop':
      return stop(state);
    case 'message':
      return hear(state, event.peer, event.message);
  }
}

function hear(state: CoordinatorState, peer: string, message: WorkerMessage): Advance {
  const member = state.members.find((candidate) => candidate.peer === peer);
  if (message.kind === 'hello') return member === undefined ? welcome(state, peer, message) : unexpected(state, peer, message.kind);
  if (member === undefined) return unexpected(state, peer, message.kind);
  if (message.run !== state.plan.run || message.incarnation !== state.plan.incarnation) return drop(state);
  switch (message.kind) {
    case 'ready':
      return member.ready ? unexpected(state, peer, message.kind) : admit(state, member, message);
    case 'contribution':
      return contribute(state, member, message);
    case 'leave':
      return dismiss(state, peer, 'It left.');
    case 'failed':
      return fail(state, member, message);
  }
}

function welcome(state: CoordinatorState, peer: string, hello: Hello): Advance {
  const refusal = refuseHello(state, hello);
  if (refusal !== undefined) return refuse(state, peer, refusal);
  const { run, incarnation, config } = state.plan;
  const member: Member = { peer, name: hello.worker, ready: false, versions: {} };
  const message = { kind: 'welcome', run, incarnation, membership: state.membership, protocol: hello.protocol, config } as const;
  return { state: { ...state, members: [...state.members, member] }, effects: [{ kind: 'send', peer, message }] };
}

function admit(state: CoordinatorState, member: Member, ready: Ready): Advance {
  const refusal = refuseReady(state, member.name, ready);
  if (refusal !== undefined) return refuse(withoutMember(state, member.peer), member.peer, refusal);
  const members = state.members.map((candidate) => (candidate === member ? { ...member, ready: true } : candidate));
  const admitted = { ...state, members, membership: state.membership + 1, steadySinceStep: state.round.step, probes: state.probes ?? ready.probes };
  const text = `Worker ${member.name} joined (${ready.device}, TensorFlow ${ready.tensorflow}).`;
  const log: Effect = { kind: 'log', level: 'info', text };
  if (state.probes !== undefined) return prefixed([log], assignLeases(admitted));
  const { tensorflow, graphs, probes } = ready;
  return prefixed([log, { kind: 'identify', computes: { tensorflow, graphs, probes } }], assignLeases(admitted));
}

function contribute(state: CoordinatorState, member: Member, contribution: Contribution): Advance {
  const { round, plan } = state;
  const lease = round.leases.find(({ id, peer }) => id === contribution.lease && peer === member.peer);
  if (lease === undefined || contribution.step !== round.step || contribution.phase !== round.phase || contribution.turn !== round.turn) return drop(state);
  const [range] = contribution.subtrees;
  const { start, end } = lease.range;
  const floats = plan.layoutSizes[round.phase];
  const fits =
    contribution.subtrees.length === 1 &&
    range.start === start &&
    range.end === end &&
    isSubtree(range, plan.shardCount) &&
    contribution.sums.every((sum) => sum.length === floats) &&
    contribution.losses.length === end - start &&
    contribution.losses.every(({ shard }, i) => shard === start + i);
  if (!fits) return unexpected(state, member.peer, 'a contribution that does not fit its lease');
  const shardsDone = round.shardsDone + end - start;
  const leases = round.leases.filter((other) => other !== lease);
  const next = { ...state, round: { ...round, leases, shardsDone } };
  const collect: Effect = { kind: 'collect', contribution, worker: member.name };
  if (shardsDone < plan.shardCount) return prefixed([collect], assignLeases(next));
  return { state: next, effects: [collect, { kind: 'update', step: round.step, phase: round.phase }] };
}

/** The round's network is updated: on to the next phase, or the step is complete. */
function completeRound(state: CoordinatorState): Advance {
  const { round, plan, versions } = state;
  const updated = { ...state, versions: { ...versions, [round.phase]: versions[round.phase] + 1 } };
  const { step, turn } = round;
  if (round.phase === 'discriminator') {
    const isLast = turn + 1 === plan.discriminatorSteps;
    const next = isLast ? ({ step, phase: 'generator', turn: 0 } as const) : ({ step, phase: 'discriminator', turn: turn + 1 } as const);
    return assignLeases({ ...updated, round: createRound(next, plan.shardCount) });
  }
  const next = createRound({ step: step + 1, phase: 'discriminator', turn: 0 }, plan.shardCount);
  return { state: { ...updated, round: next }, effects: [{ kind: 'commit', step }] };
}

/** A step is committed: on to the next one, or the end. */
function goOn(state: CoordinatorState, isEnough: boolean): Advance {
  const committedStep = state.round.step - 1;
  if (committedStep >= state.plan.lastStep || state.stopping || isEnough) return finish(state);
  return advise(state, committedStep);
}

/** Workers come one by one: only a crew that has stayed the same for a while is judged, and once. */
const steadySteps = 3;

function advise(state: CoordinatorState, committedStep: number): Advance {
  const workers = state.members.filter(({ ready }) => ready).length;
  const isDue = !state.advised && workers > 0 && committedStep - state.steadySinceStep === steadySteps;
  const text = isDue ? shareAdvice(state.plan.shardCount, workers) : undefined;
  if (text === undefined) return assignLeases(state);
  return prefixed([{ kind: 'log', level: 'warn', text }], assignLeases({ ...state, advised: true }));
}

/** Stops behind the step in work; at once where none is. */
function stop(state: CoordinatorState): Advance {
  const { round } = state;
  const untouched = round.phase === 'discriminator' && round.turn === 0 && round.leases.length === 0 && round.shardsDone === 0;
  const abandoned = !state.members.some(({ ready }) => ready);
  return untouched || abandoned ? finish(state) : { state: { ...state, stopping: true }, effects: [] };
}

function finish(state: CoordinatorState): Advance {
  const { run, incarnation } = state.plan;
  const message = { kind: 'finish', run, incarnation, membership: state.membership } as const;
  const farewells = state.members.map(({ peer }): Effect => ({ kind: 'send', peer, message }));
  return { state: { ...state, finished: true }, effects: [...farewells, { kind: 'finish' }] };
}

/** A worker is gone: its shards go back, and to the others at once. */
function dismiss(state: CoordinatorState, peer: string, sentence: string): Advance {
  const member = state.members.find((candidate) => candidate.peer === peer);
  if (member === undefined) return { state, effects: [] };
  const next = withoutMember(state, peer);
  const others = next.members.filter(({ ready }) => ready).length;
  const level = sentence === 'It left.' ? 'info' : 'warn';
  const text = `Worker ${member.name} is gone: ${sentence} ${others} others go on.`;
  if (others === 0 && state.stopping) return prefixed([{ kind: 'log', level, text }], finish(next));
  return prefixed([{ kind: 'log', level, text }], assignLeases(next));
}

function withoutMember(state: CoordinatorState, peer: string): CoordinatorState {
  const { round } = state;
  const lost = round.leases.filter((lease) => lease.peer === peer).map(({ range }) => range);
  return {
    ...state,
    membership: state.membership + 1,
    steadySinceStep: round.step,
    members: state.members.filter((member) => member.peer !== peer),
    round: { ...round, pending: [...round.pending, ...lost], leases: round.leases.filter((lease) => lease.peer !== peer) },
  };
}

function fail(state: CoordinatorState, member: Member, { step, phase, shard, reason, sentence }: Failed): Advance {
  const code = reason === 'not-finite' ? 'not-finite' : 'worker-failed';
  const advice =
    reason === 'not-finite'
      ? 'The last checkpoint is from before it. Lower the learning rates, or regularize the discriminator.'
      : "The worker's machine may lack memory; its log tells more.";
  const message = `Training stopped in step ${step}, ${phase} phase: worker ${member.name}, shard ${shard}: ${sentence}`;
  return prefixed([{ kind: 'abort', code, message, advice }], finish(state));
}

function unexpected(state: CoordinatorState, peer: string, what: string): Advance {
  return refuse(withoutMember(state, peer), peer, { reason: 'unexpected-message', sentence: `Nobody expected ${what} now.` });
}

function refuse(state: CoordinatorState, peer: string, { reason, sentence }: Refusal): Advance {
  const effects: Effect[] = [
    { kind: 'send', peer, message: { kind: 'reject', reason, sentence } },
    { kind: 'disconnect', peer },
    { kind: 'log', level: 'warn', text: `A worker was refused: ${sentence}` },
  ];
  return prefixed(effects, assignLeases(state));
}

/** Stale, late or twice: recognised, counted, dropped. */
function drop(state: CoordinatorState): Advance {
  return { state: { ...state, droppedContributions: state.droppedContributions + 1 }, effects: [] };
}

function prefixed(effects: readonly Effect[], { state, effects: more }: Advance): Advance {
  return { state, effects: [...effects, ...more] };
}
