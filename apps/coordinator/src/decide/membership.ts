/** Workers join, leave, are lost or refused. Tests: advance.test.ts, exchange-contract.test.ts. */
import type { Hello, Ready } from '@lstm-gan/transport';
import { differingUnits, refuseHello, refuseReady, type Refusal } from './admission.ts';
import { askedToLeave, departureLog, withoutMember, type Departure } from './departure.ts';
import { prepend, quietly, type Advance, type Effect } from './effects.ts';
import { farewell } from './finish.ts';
import { unknownPace } from './pace.ts';
import { rulesOf } from './rules-of.ts';
import { memberOf, withMember, type CoordinatorState, type Member } from './state.ts';

/** A worker says hello: it is told the run's configuration. */
export function welcome(state: CoordinatorState, connection: string, hello: Hello): Advance {
  const refusal = refuseHello(state, hello);
  if (refusal !== undefined) return refuse(state, connection, refusal);
  const { run, incarnation, config, exchange } = state.plan;
  const member: Member = {
    connection,
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
    exchange,
    config,
  } as const;
  return { state: { ...state, members: [...state.members, member] }, effects: [{ kind: 'send', connection, message }] };
}

/** Admits a worker that is ready to compute, or refuses it, for example if it computes other bits than the run. */
export function admit(state: CoordinatorState, member: Member, ready: Ready): Advance {
  const rules = rulesOf(state);
  const refusal = refuseReady(state, member.name, ready) ?? rules.refuseReady(member.name, ready);
  if (refusal !== undefined) return refuse(state, member.connection, refusal);
  const admitted = {
    ...withMember(state, member, { ready: true, address: ready.peer }),
    membership: state.membership + 1,
    steadySinceStep: state.round.step,
    probes: state.probes ?? ready.probes,
  };
  const text = `Worker ${member.name} joined (${ready.device}, TensorFlow ${ready.tensorflow}).`;
  const { tensorflow, graphs, probes } = ready;
  const effects: Effect[] = [
    { kind: 'log', level: 'info', text },
    ...warnOfDifference(state, member.name, ready),
    { kind: 'watch', connection: member.connection },
    ...(state.probes === undefined ? [{ kind: 'identify', computes: { tensorflow, graphs, probes } } as const] : []),
  ];
  return prepend(effects, rules.afterAdmission(admitted));
}

/** A worker is admitted that a strict run would have refused. */
function warnOfDifference(state: CoordinatorState, worker: string, ready: Ready): Effect[] {
  const units = differingUnits(state, ready);
  if (units.length === 0) return [];
  const text = `Worker ${worker} computes other bits than the run in ${units.join(', ')}: from here on the weights depend on who takes part.`;
  return [{ kind: 'log', level: 'warn', text }];
}

/** A worker asks to leave. It goes as soon as nothing is expected of it any more. */
export function takeLeave(state: CoordinatorState, member: Member): Advance {
  return letGoIfDone(quietly(withMember(state, member, { leaving: true })), member.connection);
}

/** Lets a worker go that has asked to leave, if nothing is expected of it any more. */
export function letGoIfDone(before: Advance, connection: string): Advance {
  const { state, effects } = before;
  const member = memberOf(state, connection);
  if (member?.leaving !== true || rulesOf(state).isNeeded(state, member)) return before;
  return prepend([...effects, farewell(state, connection)], dismiss(state, connection, askedToLeave));
}

/** A worker is gone: its shards go to the others. */
export function dismiss(state: CoordinatorState, connection: string, departure: Departure): Advance {
  const member = memberOf(state, connection);
  if (member === undefined) return quietly(state);
  const next = withoutMember(state, connection);
  return prepend([departureLog(next, member.name, departure)], rulesOf(state).afterLoss(next, connection));
}

/** Tells a worker why it may not take part, or no longer. */
export function refuse(state: CoordinatorState, connection: string, { reason, sentence }: Refusal): Advance {
  const effects: Effect[] = [
    { kind: 'send', connection, message: { kind: 'reject', reason, sentence } },
    { kind: 'disconnect', connection },
    { kind: 'log', level: 'warn', text: `A worker was refused: ${sentence}` },
  ];
  const isMember = memberOf(state, connection) !== undefined;
  const next = isMember ? withoutMember(state, connection) : state;
  return prepend(effects, rulesOf(state).afterLoss(next, connection));
}

/** Refuses a worker that sends what it should not. */
export function refuseUnexpected(state: CoordinatorState, connection: string, what: string): Advance {
  return refuse(state, connection, { reason: 'unexpected-message', sentence: `Nobody expected ${what} now.` });
}
