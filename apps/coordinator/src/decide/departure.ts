/** What follows when a worker leaves or is lost. */
import type { Effect } from './effects.ts';
import { releaseLeases } from './end-lease.ts';
import type { CoordinatorState } from './state.ts';

export interface Departure {
  /** `asked`: it asked to leave and was let go. `lost`: it died, hung or broke the protocol. */
  readonly reason: 'asked' | 'lost';
  /** For the log. */
  readonly sentence: string;
}

export const askedToLeave: Departure = { reason: 'asked', sentence: 'It left.' };

/** The state without a member. Its leases are pending again. */
export function withoutMember(state: CoordinatorState, connection: string): CoordinatorState {
  return {
    ...state,
    membership: state.membership + 1,
    steadySinceStep: state.round.step,
    members: state.members.filter((member) => member.connection !== connection),
    round: releaseLeases(state, connection),
  };
}

/** Tells the user that a worker is gone. The state is that of afterwards. */
export function departureLog({ members }: CoordinatorState, name: string, { reason, sentence }: Departure): Effect {
  const others = members.filter(({ ready }) => ready).length;
  const text = `Worker ${name} is gone: ${sentence} ${others} others go on.`;
  return { kind: 'log', level: reason === 'asked' ? 'info' : 'warn', text };
}
