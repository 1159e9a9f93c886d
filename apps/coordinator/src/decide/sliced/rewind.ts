import { firstPlaceOfStep } from '@lstm-gan/core/step';
import { prepend, type Advance, type Effect } from '../effects.ts';
import { finish } from '../finish.ts';
import { createRound, type CoordinatorState } from '../state.ts';
import { slicedOf, withSliced } from './sliced-part.ts';
import { noHolders } from './sliced-state.ts';

/** Goes back to the newest recorded state, because a slice is lost with its owner and its backup. */
export function rewind(state: CoordinatorState): Advance {
  const { step } = slicedOf(state).recorded;
  const text = `A slice of the weights is lost with its owner and its backup: back to step ${step}, from step ${state.round.step - 1}. The same steps come again.`;
  return goBack(state, text);
}

/** Ends training in the middle of a step, with the newest recorded state. */
export function finishWithRecorded(state: CoordinatorState): Advance {
  const { step } = slicedOf(state).recorded;
  const text = `No worker is left to complete step ${state.round.step}: the run ends with the state after step ${step}.`;
  const { state: before, effects } = goBack(state, text);
  return prepend(effects, finish(before));
}

/** Goes back to the newest recorded state, which the coordinator holds. */
function goBack(state: CoordinatorState, text: string): Advance {
  const { recorded, gatherings } = slicedOf(state);
  const { step, versions } = recorded;
  const rewound: CoordinatorState = {
    ...state,
    versions,
    // The step that was enough is gone.
    isEnough: false,
    members: state.members.map((member) => ({ ...member, versions: {} })),
    round: createRound(firstPlaceOfStep(step + 1), state.plan.shardCount),
  };
  return {
    state: withSliced(rewound, { held: versions, holders: noHolders(state.plan), gatherings: [] }),
    effects: [
      ...gatherings.map((gathering): Effect => ({ kind: 'forget-slices', gathering })),
      { kind: 'rewind', step },
      { kind: 'log', level: 'warn', text },
    ],
  };
}
