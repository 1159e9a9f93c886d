/** Forms the next crew from all members that may be in it, and seeds them with the slices that they lack. */
import type { Network } from '@lstm-gan/core';
import { networks } from '@lstm-gan/core/weights';
import type { CoordinatorMessage, SliceTable } from '@lstm-gan/transport';
import { askedToLeave, departureLog } from '../departure.ts';
import { prepend, quietly, type Advance, type Effect } from '../effects.ts';
import { farewell, finish } from '../finish.ts';
import { missingWeights } from '../leases.ts';
import { isOver, type CoordinatorState, type Member } from '../state.ts';
import { assignSlices, type Holders } from './assign-slices.ts';
import { finishWithRecorded } from './rewind.ts';
import { eligibleMembers, slicedOf, withSliced } from './sliced-part.ts';
import type { AllHolders } from './sliced-state.ts';

/**
 * Called when the coordinator holds the state. Seeds the next crew with the state, or ends training if training is
 * over.
 */
export function formCrew(before: CoordinatorState): Advance {
  if (isOver(before)) return finish(before);
  const { state, effects } = letLeaversGo(before);
  const members = eligibleMembers(state);
  return prepend(effects, members.length === 0 ? rest(state) : seedCrew(state, members));
}

function seedCrew(state: CoordinatorState, members: readonly Member[]): Advance {
  const sliced = slicedOf(state);
  const crew = sliced.crew + 1;
  const candidates = members.map(({ connection, address }) => ({ connection, host: address?.host ?? '' }));
  const holders = {
    generator: assignSlices(candidates, sliced.holders.generator),
    discriminator: assignSlices(candidates, sliced.holders.discriminator),
  };
  const isIn = new Set(members);
  const seeded: CoordinatorState = {
    ...state,
    members: state.members.map((member) => (isIn.has(member) ? { ...member, versions: state.versions } : member)),
  };
  const next = withSliced(seeded, {
    stage: 'settling',
    crew,
    members: members.map(({ connection }) => connection),
    holders,
    reported: [],
  });
  const effects = members.flatMap((member, self): Effect[] => [
    { kind: 'send', connection: member.connection, message: crewMessage(next, members, self) },
    ...missingWeights(member, state.versions),
    ...missingSlices(member.connection, crew, holders, sliced.holders),
  ]);
  return { state: next, effects };
}

/** No worker is left. A worker that joins later goes on from the state that the coordinator holds. */
function rest(state: CoordinatorState): Advance {
  const resting = withSliced(state, { stage: 'resting', members: [] });
  // If training is to stop, it ends with the newest recorded state, because no worker is left to complete the step.
  return state.stopping ? finishWithRecorded(resting) : quietly(resting);
}

/** Members leave between two crews, when no slice depends on them any more. */
function letLeaversGo(state: CoordinatorState): Advance {
  const leavers = state.members.filter(({ leaving }) => leaving);
  if (leavers.length === 0) return quietly(state);
  const members = state.members.filter(({ leaving }) => !leaving);
  const next = { ...state, membership: state.membership + 1, steadySinceStep: state.round.step, members };
  const effects = leavers.flatMap(({ connection, name }): Effect[] => [
    farewell(next, connection),
    departureLog(next, name, askedToLeave),
  ]);
  return { state: next, effects };
}

function crewMessage(state: CoordinatorState, members: readonly Member[], self: number): CoordinatorMessage {
  const { plan, membership, versions: weightsVersions } = state;
  const { crew, holders } = slicedOf(state);
  const numberOf = new Map(members.map(({ connection }, k) => [connection, k]));
  const table = (role: keyof Holders): SliceTable => {
    const numbers = (network: Network): number[] =>
      holders[network].map((holder) => numberOf.get(holder?.[role] ?? '') ?? -1);
    return { generator: numbers('generator'), discriminator: numbers('discriminator') };
  };
  return {
    kind: 'crew',
    run: plan.run,
    incarnation: plan.incarnation,
    membership,
    crew,
    weightsVersions,
    self,
    members: members.map(({ name, address }) => ({
      name,
      address: address?.address ?? '',
      publicKey: address?.publicKey ?? '',
    })),
    owners: table('owner'),
    backups: table('backup'),
  };
}

/** Effects that seed a member with the slices that it holds from now on and did not hold before. */
function missingSlices(connection: string, crew: number, holders: AllHolders, before: AllHolders): Effect[] {
  const has = (holder: Holders | undefined): boolean => holder?.owner === connection || holder?.backup === connection;
  return networks.flatMap((network) =>
    holders[network].flatMap((holder, slice): Effect[] =>
      has(holder) && !has(before[network][slice]) ? [{ kind: 'seed', connection, network, slice, crew }] : [],
    ),
  );
}
