import type { Advance, Effect, EffectOf } from './effects.ts';
import type { CoordinatorState } from './state.ts';

/** Ends training: every worker is told that it may go. */
export function finish(state: CoordinatorState): Advance {
  const farewells = state.members.map(({ connection }): Effect => farewell(state, connection));
  return { state: { ...state, finished: true }, effects: [...farewells, { kind: 'finish' }] };
}

/** Ends training with an error. */
export function abort(state: CoordinatorState, failure: Omit<EffectOf<'abort'>, 'kind'>): Advance {
  const { state: finished, effects } = finish(state);
  return { state: finished, effects: [{ kind: 'abort', ...failure }, ...effects] };
}

/** Tells one worker that it may go. */
export function farewell(state: CoordinatorState, connection: string): Effect {
  const { plan, membership, round, isEnough } = state;
  const { run, incarnation, lastStep } = plan;
  const complete = isEnough || round.step > lastStep;
  return { kind: 'send', connection, message: { kind: 'finish', run, incarnation, membership, complete } };
}
