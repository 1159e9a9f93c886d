/**
 * The coordinator's decisions in the sliced exchange. The members of a crew fold and update slices of the weights among
 * themselves. A round is complete when every member has the round's result. Until then all members keep the state from
 * before the round. So when a member is lost, the other members do the round again, with the same bits as without the
 * loss.
 *
 * The coordinator changes a crew in one way only. It gathers the state, unless it already holds the current state. Then
 * it seeds the members of the next crew with the slices that they lack. When a slice is lost with its owner and its
 * backup, the run goes back to the newest recorded state.
 */
import { assert } from '@lstm-gan/core/errors';
import { prepend, quietly, type Advance, type Effect } from '../effects.ts';
import type { ExchangeRules } from '../exchange-rules.ts';
import { finish } from '../finish.ts';
import { assignPending } from '../leases.ts';
import { isAbandoned, isAtStepStart, isOver, isStepUntouched, type CoordinatorState } from '../state.ts';
import { changeCrew, gatherState, takeGathered } from './gather-state.ts';
import { hearCrew } from './hear-crew.ts';
import { loseMember } from './lose-member.ts';
import { finishWithRecorded } from './rewind.ts';
import { isCrewComplete, slicedOf, withSliced } from './sliced-part.ts';

export const slicedRules: ExchangeRules = {
  contributionsCarrySums: false,
  crewNumber: (state) => slicedOf(state).crew,
  refuseReady(worker, { peer }) {
    if (peer !== null) return undefined;
    return { reason: 'unexpected-message', sentence: `Worker ${worker} did not say where other workers reach it.` };
  },

  beginRound(state, isWanted) {
    if (isOver(state) || (isAtStepStart(state) && !isCrewComplete(state))) return changeCrew(state, isWanted);
    if (!isWanted) return beginRound(state);
    const gathered = gatherState(state, true);
    assert(gathered !== undefined, 'a complete crew holds every slice');
    return prepend(gathered.effects, beginRound(gathered.state));
  },
  handOut,
  // The coordinator does not update: the members fold and update, and each reports when it has the result.
  afterCollect: handOut,
  hear: hearCrew,
  afterGather: takeGathered,

  // A worker that joins while there is a crew waits for the next crew, after the step.
  afterAdmission: (state) => (slicedOf(state).stage === 'resting' ? changeCrew(state) : quietly(state)),
  // A member that wants to leave stays until the step has ended and other workers have its slices.
  isNeeded: (state, { connection }) => slicedOf(state).members.includes(connection),
  afterLoss: loseMember,
  stop(state) {
    const isUntouched = isStepUntouched(state);
    const isIdle = isUntouched && ['resting', 'settling'].includes(slicedOf(state).stage);
    if (!isIdle && !isAbandoned(state)) return quietly({ ...state, stopping: true });
    return isUntouched ? finish(state) : finishWithRecorded(state);
  },
};

/** Tells the members that the previous round is complete, and gives them leases. */
function beginRound(state: CoordinatorState): Advance {
  const { crew, members } = slicedOf(state);
  const { round, versions: weightsVersions, plan, membership } = state;
  const { step, phase, turn } = round;
  const { run, incarnation } = plan;
  const header = { run, incarnation, membership };
  const message = { kind: 'begin', ...header, crew, step, phase, turn, weightsVersions } as const;
  const effects = members.map((connection): Effect => ({ kind: 'send', connection, message }));
  return prepend(effects, handOut(withSliced(state, { stage: 'computing', reported: [], results: [] })));
}

/**
 * Divides the pending shards among the crew, including members that want to leave: they are needed until the step ends.
 * Late leases are not copied: the round waits for every member anyway, and the copy's contribution would arrive during
 * the next round.
 */
function handOut(state: CoordinatorState): Advance {
  const { stage, members } = slicedOf(state);
  if (stage !== 'computing' || state.round.pending.length === 0) return quietly(state);
  return assignPending(
    state,
    state.members.filter(({ ready, connection }) => ready && members.includes(connection)),
  );
}
