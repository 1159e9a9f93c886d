/** The coordinator asks members for their slices: for a checkpoint, for the next crew, or for the end of the run. */
import type { Network } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { networks } from '@lstm-gan/core/weights';
import { prepend, quietly, type Advance, type Effect } from '../effects.ts';
import type { CoordinatorState } from '../state.ts';
import { formCrew } from './form-crew.ts';
import { rewind } from './rewind.ts';
import { slicedOf, withSliced } from './sliced-part.ts';
import { isSameVersions, type Gathering } from './sliced-state.ts';

/** For each connection, the slices of each network that the worker is asked for. */
type Questions = ReadonlyMap<string, Readonly<Record<Network, readonly number[]>>>;

/**
 * Called between two rounds. As soon as the coordinator holds the state, forms another crew, or ends training if
 * training is over.
 * @param isWanted whether the state is to be recorded: `onCommit` has asked for it
 */
export function changeCrew(state: CoordinatorState, isWanted = false): Advance {
  if (isSameVersions(slicedOf(state).held, state.versions)) return formCrew(state);
  const gathered = gatherState(state, isWanted);
  if (gathered !== undefined)
    return { state: withSliced(gathered.state, { stage: 'gathering' }), effects: gathered.effects };
  const { state: rewound, effects } = rewind(state);
  return prepend(effects, formCrew(rewound));
}

/** For each slice, asks one of its holders to send it. Undefined if a slice has no holder left. */
export function gatherState(state: CoordinatorState, isRecord: boolean): Advance | undefined {
  const questions = whomToAsk(state);
  if (questions === undefined) return undefined;
  const { plan, membership, versions } = state;
  const { gatherings, nextGathering } = slicedOf(state);
  const gathering: Gathering = {
    id: nextGathering,
    asked: [...questions.keys()],
    versions,
    step: state.round.step - 1,
    isRecord,
  };
  const header = {
    run: plan.run,
    incarnation: plan.incarnation,
    membership,
    gathering: gathering.id,
    weightsVersions: versions,
  };
  const sends = [...questions].map(([connection, slices]): Effect => ({
    kind: 'send',
    connection,
    message: { kind: 'gather', ...header, slices },
  }));
  return {
    state: withSliced(state, { gatherings: [...gatherings, gathering], nextGathering: nextGathering + 1 }),
    effects: [{ kind: 'await-slices', gathering }, ...sends],
  };
}

/**
 * Chooses whom to ask for each slice: its owner, or its backup if the owner is gone. Undefined if a slice has lost
 * both.
 */
function whomToAsk(state: CoordinatorState): Questions | undefined {
  const questions = new Map<string, Record<Network, number[]>>();
  const isHere = new Set(state.members.map(({ connection }) => connection));
  for (const network of networks) {
    for (const [slice, holders] of slicedOf(state).holders[network].entries()) {
      const candidates = [holders?.owner, holders?.backup];
      const connection = candidates.find((candidate) => candidate !== undefined && isHere.has(candidate));
      if (connection === undefined) return undefined;
      const slices = questions.get(connection) ?? { generator: [], discriminator: [] };
      slices[network].push(slice);
      questions.set(connection, slices);
    }
  }
  return questions;
}

/** Called when all slices of a gathering have arrived, so that the coordinator holds the state. */
export function takeGathered(state: CoordinatorState, id: number): Advance {
  const sliced = slicedOf(state);
  const gathering = sliced.gatherings.find((candidate) => candidate.id === id);
  assert(gathering !== undefined, 'what was gathered was asked for');
  const { versions, step, isRecord } = gathering;
  const next = withSliced(state, {
    gatherings: sliced.gatherings.filter((other) => other !== gathering),
    recorded: isRecord && step > sliced.recorded.step ? { step, versions } : sliced.recorded,
    held: versions,
  });
  const isAwaited = sliced.stage === 'gathering' && isSameVersions(versions, state.versions);
  return isAwaited ? formCrew(next) : quietly(next);
}
