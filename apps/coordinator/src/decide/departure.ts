/** What changes when a worker leaves or is lost. */
import type { Effect } from './effects.ts';
import { releaseLeases } from './end-lease.ts';
import type { CoordinatorState } from './state.ts';

export interface Departure {
  /** `asked`: the worker asked to leave and was let go. `lost`: the worker died, hung or broke the protocol. */
  readonly reason: 'asked' | 'lost';
  /** What happened to the worker, for the log. */
  readonly sentence: string;
}

export const askedToLeave: Departure = { reason: 'asked', sentence: 'It left.' };

/**
 * Returns the state without a member. The shards of its leases are pending again, unless another worker computes them
 * too.
 */
export function withoutMember(state: CoordinatorState, connection: string): CoordinatorState {
  return {
    ...state,
    membership: state.membership + 1,
    steadySinceStep: state.round.step,
    members: state.members.filter((member) => member.connection !== connection),
    round: releaseLeases(state, connection),
  };
}

/** Tells the user that a worker is gone. `members` no longer contains this worker. */
export function departureLog({ members }: CoordinatorState, name: string, { reason, sentence }: Departure): Effect {
  const others = members.filter(({ ready }) => ready).length;
  const text = `Worker ${name} is gone: ${sentence} ${others} others go on.`;
  const about = { worker: name, departure: reason, why: sentence };
  return { kind: 'log', level: reason === 'asked' ? 'info' : 'warn', text, about };
}
