/**
 * The star: contributions bring their sums to the coordinator, which folds them, updates the phase's network and sends
 * the new weights to every worker.
 */
import { quietly, type Advance } from '../effects.ts';
import type { ExchangeRules } from '../exchange-rules.ts';
import { finish } from '../finish.ts';
import { assignPending, copyLate } from '../leases.ts';
import { isAbandoned, isOver, isStepUntouched, type CoordinatorState } from '../state.ts';

export const starRules: ExchangeRules = {
  contributionsCarrySums: true,
  crewNumber: () => 0,
  refuseReady: () => undefined,

  beginRound: (state) => (isOver(state) ? finish(state) : handOut(state)),
  handOut,
  afterCollect(state) {
    const { round, plan } = state;
    if (round.shardsDone < plan.shardCount) return handOut(state);
    return { state, effects: [{ kind: 'update', step: round.step, phase: round.phase, results: [] }] };
  },
  hear: (state, _, { kind }) => ({ state, verdict: { kind: 'unexpected', what: kind } }),
  afterGather: quietly,

  afterAdmission: handOut,
  isNeeded: ({ round }, { connection, overtaken }) =>
    overtaken.length > 0 || round.leases.some((lease) => lease.connection === connection),
  afterLoss: (state) => (state.stopping && isAbandoned(state) ? finish(state) : handOut(state)),
  stop: (state) =>
    isStepUntouched(state) || isAbandoned(state) ? finish(state) : quietly({ ...state, stopping: true }),
};

/** Divides the pending shards among the workers. If none is pending, gives copies of late leases to idle workers. */
function handOut(state: CoordinatorState): Advance {
  const workers = state.members.filter(({ ready, leaving }) => ready && !leaving);
  return state.round.pending.length > 0 ? assignPending(state, workers) : copyLate(state, workers);
}
