/** Reads and changes the part of the coordinator's state that only the sliced exchange has. */
import { assert } from '@lstm-gan/core/errors';
import type { CoordinatorState, Member } from '../state.ts';
import type { SlicedState } from './sliced-state.ts';

/** Returns the sliced part of the state. The run must use the sliced exchange. */
export function slicedOf({ sliced }: CoordinatorState): SlicedState {
  assert(sliced !== undefined, 'only a sliced exchange has a crew');
  return sliced;
}

/** Returns the state with some fields of its sliced part changed. */
export function withSliced(state: CoordinatorState, change: Partial<SlicedState>): CoordinatorState {
  return { ...state, sliced: { ...slicedOf(state), ...change } };
}

/** Members that may be in the next crew. */
export function eligibleMembers({ members }: CoordinatorState): Member[] {
  return members.filter(({ ready, leaving }) => ready && !leaving);
}

/** Whether the crew consists of exactly the members that may be in it. */
export function isCrewComplete(state: CoordinatorState): boolean {
  const { members } = slicedOf(state);
  const eligible = eligibleMembers(state).map(({ connection }) => connection);
  return eligible.length === members.length && eligible.every((connection) => members.includes(connection));
}
