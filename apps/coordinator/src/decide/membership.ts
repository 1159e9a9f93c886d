/** Workers join, leave, are lost or refused. Tests: advance.test.ts, exchange-contract.test.ts. */
import type { Hello, Ready } from '@lstm-gan/transport';
import { differingUnits, refuseHello, refuseReady, type Refusal } from './admission.ts';
import { askedToLeave, departureLog, withoutMember, type Departure } from './departure.ts';
import { prepend, quietly, type Advance, type Effect } from './effects.ts';
import { farewell } from './finish.ts';
import { unknownPace } from './pace.ts';
import { rulesOf } from './rules-of.ts';
import { memberOf, withMember, type CoordinatorState, type Member } from './state.ts';

/** Answers a worker that says hello: sends it the run's configuration, or refuses it. */
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
    threads: state.threads ?? ready.threads,
  };
  const text = `Worker ${member.name} joined (${ready.device}, TensorFlow ${ready.tensorflow}).`;
  const { tensorflow, graphs, probes } = ready;
  const threads = state.plan.doThreadsDecideBits ? ready.threads : undefined;
  const effects: Effect[] = [
    { kind: 'log', level: 'info', text, about: { worker: member.name, device: ready.device, host: ready.peer?.host } },
    ...warnOfDifference(state, member.name, ready),
    { kind: 'watch', connection: member.connection },
    ...(state.probes === undefined
      ? [{ kind: 'identify', computes: { tensorflow, graphs, probes, threads } } as const]
      : []),
  ];
  return prepend(effects, rules.afterAdmission(admitted));
}

/**
 * Returns a warning if an admitted worker computes other bits than the run. A strict run would have refused this
 * worker.
 */
function warnOfDifference(state: CoordinatorState, worker: string, ready: Ready): Effect[] {
  const units = differingUnits(state, ready);
  if (units.length === 0) return [];
  const text = `Worker ${worker} computes other bits than the run in ${units.join(', ')}: from here on the weights depend on who takes part.`;
  return [{ kind: 'log', level: 'warn', text }];
}

/** A worker asks to leave. It is let go as soon as the run no longer needs it. */
export function takeLeave(state: CoordinatorState, member: Member): Advance {
  return letGoIfDone(quietly(withMember(state, member, { leaving: true })), member.connection);
}

/** If a worker has asked to leave and the run no longer needs it, lets it go. */
export function letGoIfDone(before: Advance, connection: string): Advance {
  const { state, effects } = before;
  const member = memberOf(state, connection);
  if (member?.leaving !== true || rulesOf(state).isNeeded(state, member)) return before;
  return prepend([...effects, farewell(state, connection)], dismiss(state, connection, askedToLeave));
}

/** Removes a worker that is gone. The other workers compute its shards. */
export function dismiss(state: CoordinatorState, connection: string, departure: Departure): Advance {
  const member = memberOf(state, connection);
  if (member === undefined) return quietly(state);
  const next = withoutMember(state, connection);
  return prepend([departureLog(next, member.name, departure)], rulesOf(state).afterLoss(next, connection));
}

/** Sends a worker away, and tells it why it may not take part, or may no longer take part. */
export function refuse(state: CoordinatorState, connection: string, { reason, sentence }: Refusal): Advance {
  const member = memberOf(state, connection);
  const about = member && ({ worker: member.name, departure: 'refused', why: sentence } as const);
  const effects: Effect[] = [
    { kind: 'send', connection, message: { kind: 'reject', reason, sentence } },
    { kind: 'disconnect', connection },
    { kind: 'log', level: 'warn', text: `A worker was refused: ${sentence}`, ...(about && { about }) },
  ];
  const next = member !== undefined ? withoutMember(state, connection) : state;
  return prepend(effects, rulesOf(state).afterLoss(next, connection));
}

/** Refuses a worker that sent a message which the protocol does not allow now. */
export function refuseUnexpected(state: CoordinatorState, connection: string, what: string): Advance {
  return refuse(state, connection, { reason: 'unexpected-message', sentence: `Nobody expected ${what} now.` });
}
