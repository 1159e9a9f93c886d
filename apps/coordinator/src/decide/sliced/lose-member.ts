import { prepend, quietly, type Advance, type Effect } from '../effects.ts';
import { createRound, type CoordinatorState } from '../state.ts';
import { changeCrew } from './gather-state.ts';
import { slicedOf, withSliced } from './sliced-part.ts';
import { isSameVersions, type Gathering } from './sliced-state.ts';

/**
 * A worker is gone. If it was in the crew, the other members do the round again. Until every member has a round's
 * result, all members keep the state from before the round. So the repeated round gives the same bits as without the
 * loss.
 */
export function loseMember(state: CoordinatorState, connection: string): Advance {
  const sliced = slicedOf(state);
  if (!sliced.members.includes(connection)) return quietly(state);
  const lost = sliced.gatherings.filter(({ asked }) => asked.includes(connection));
  // A gathering that asked this worker is lost. If it was of the current state, the coordinator gathers that state
  // again before it forms the next crew, so the state can still be recorded.
  const isWanted = lost.some(({ isRecord, versions }) => isRecord && isSameVersions(versions, state.versions));
  const effects = lost.flatMap((gathering): Effect[] => [
    { kind: 'forget-slices', gathering },
    ...warnOfLostRecord(gathering, state),
  ]);
  const redone = { ...state, round: createRound(state.round, state.plan.shardCount) };
  const next = withSliced(redone, {
    members: sliced.members.filter((other) => other !== connection),
    reported: [],
    gatherings: sliced.gatherings.filter((gathering) => !lost.includes(gathering)),
  });
  return prepend([...effects, { kind: 'redo' }], changeCrew(next, isWanted));
}

function warnOfLostRecord({ isRecord, versions, step }: Gathering, state: CoordinatorState): Effect[] {
  if (!isRecord || isSameVersions(versions, state.versions)) return [];
  const text = `The state after step ${step} was not yet gathered and is lost: there will be no checkpoint or sample grid of that step.`;
  return [{ kind: 'log', level: 'warn', text }];
}
