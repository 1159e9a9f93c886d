/**
 * The sliced exchange, as the coordinator decides it. Members of a crew fold and update the slices between them; a round is
 * complete when every member has its result, and until then everybody still has what it began with. So whatever happens to
 * a member, the round in work is done again by those who are left, with the same bits. A crew changes in one way only: the
 * coordinator gathers the state, unless it still holds it, and seeds the next crew with what its members lack. When owner
 * and backup of a slice are lost together, the run goes back to the state that was recorded last.
 */
import { assert, firstPlaceOfStep, isFirstOfStep, type Network } from '@lstm-gan/core';
import type { SliceTable, WeightsVersions } from '@lstm-gan/transport';
import { assignSlices, type Holders } from './assign-slices.ts';
import { assignLeases, missingWeights } from '../leases.ts';
import {
  createRound,
  farewell,
  finish,
  networks,
  prefixed,
  type Advance,
  type CoordinatorState,
  type Effect,
  type Gathering,
  type Member,
  type SlicedState,
} from '../state.ts';

function slicedOf({ sliced }: CoordinatorState): SlicedState {
  assert(sliced !== undefined, 'only a sliced exchange has a crew');
  return sliced;
}

const isSame = (a: WeightsVersions, b: WeightsVersions): boolean =>
  a.generator === b.generator && a.discriminator === b.discriminator;

/** Whoever may be in the next crew. */
const eligible = ({ members }: CoordinatorState): Member[] => members.filter(({ ready, leaving }) => ready && !leaving);

/** Asked between rounds. */
const isAtStepStart = ({ round }: CoordinatorState): boolean => isFirstOfStep(round);
const isOver = (state: CoordinatorState): boolean =>
  isAtStepStart(state) && (state.stopping || state.round.step > state.plan.lastStep);

function isCrewComplete(state: CoordinatorState): boolean {
  const { members } = slicedOf(state);
  const peers = eligible(state).map(({ peer }) => peer);
  return peers.length === members.length && peers.every((peer) => members.includes(peer));
}

/** Between two rounds: the next one begins; behind a step, somebody may have to be let in or go first, or it is the end. */
export function proceed(state: CoordinatorState, isWanted = false): Advance {
  if (isOver(state) || (isAtStepStart(state) && !isCrewComplete(state))) return regroup(state, isWanted);
  if (!isWanted) return begin(state);
  const gathered = gather(state, true);
  assert(gathered !== undefined, 'somebody holds every slice of a crew that is whole');
  return prefixed(gathered.effects, begin(gathered.state));
}

function begin(state: CoordinatorState): Advance {
  const sliced = slicedOf(state);
  const { round, versions: weightsVersions, plan, membership } = state;
  const { step, phase, turn } = round;
  const message = {
    kind: 'begin',
    run: plan.run,
    incarnation: plan.incarnation,
    membership,
    crew: sliced.crew,
    step,
    phase,
    turn,
    weightsVersions,
  } as const;
  const effects = sliced.members.map((peer): Effect => ({ kind: 'send', peer, message }));
  return prefixed(
    effects,
    assignLeases({ ...state, sliced: { ...sliced, stage: 'computing', reported: [], updateMs: 0 } }),
  );
}

/** Another crew, or the end: once the coordinator holds the state. No round is under way. */
export function regroup(state: CoordinatorState, isWanted = false): Advance {
  const sliced = slicedOf(state);
  if (isSame(sliced.held, state.versions)) return install(state);
  const gathered = gather(state, isWanted);
  if (gathered === undefined) {
    const { state: rewound, effects } = rewind(state);
    return prefixed(effects, install(rewound));
  }
  return {
    state: { ...gathered.state, sliced: { ...slicedOf(gathered.state), stage: 'gathering' } },
    effects: gathered.effects,
  };
}

/** Asks one holder of each slice for it; undefined where one has none left. */
function gather(state: CoordinatorState, isRecord: boolean): Advance | undefined {
  const sliced = slicedOf(state);
  const asks = new Map<string, Record<Network, number[]>>();
  const isHere = new Set(state.members.map(({ peer }) => peer));
  for (const network of networks) {
    for (const [slice, holders] of sliced.holders[network].entries()) {
      const peer = [holders?.owner, holders?.backup].find(
        (candidate) => candidate !== undefined && isHere.has(candidate),
      );
      if (peer === undefined) return undefined;
      const ask = asks.get(peer) ?? { generator: [], discriminator: [] };
      ask[network].push(slice);
      asks.set(peer, ask);
    }
  }
  const { plan, membership, versions } = state;
  const gathering: Gathering = {
    id: sliced.nextGathering,
    asked: [...asks.keys()],
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
  const sends = [...asks].map(([peer, slices]): Effect => ({
    kind: 'send',
    peer,
    message: { kind: 'gather', ...header, slices },
  }));
  return {
    state: {
      ...state,
      sliced: { ...sliced, gatherings: [...sliced.gatherings, gathering], nextGathering: gathering.id + 1 },
    },
    effects: [{ kind: 'await-slices', gathering }, ...sends],
  };
}

/** All slices of a gathering are here. */
export function takeGathered(state: CoordinatorState, id: number): Advance {
  const sliced = slicedOf(state);
  const gathering = sliced.gatherings.find((candidate) => candidate.id === id);
  assert(gathering !== undefined, 'what was gathered was asked for');
  const { versions, step, isRecord } = gathering;
  const recorded = isRecord && step > sliced.recorded.step ? { step, versions } : sliced.recorded;
  const gatherings = sliced.gatherings.filter((other) => other !== gathering);
  const next = { ...state, sliced: { ...sliced, gatherings, recorded, held: versions } };
  return sliced.stage === 'gathering' && isSame(versions, state.versions)
    ? install(next)
    : { state: next, effects: [] };
}

/** The coordinator holds the state: seeds the next crew with what its members lack, or ends. */
function install(state: CoordinatorState): Advance {
  if (isOver(state)) return finish(state);
  const { state: left, effects } = sayFarewells(state);
  const sliced = slicedOf(left);
  const members = eligible(left);
  if (members.length === 0) return prefixed(effects, rest(left));
  const crew = sliced.crew + 1;
  const candidates = members.map(({ peer, address }) => ({ peer, host: address?.host ?? '' }));
  const holders = {
    generator: assignSlices(candidates, sliced.holders.generator),
    discriminator: assignSlices(candidates, sliced.holders.discriminator),
  };
  const isIn = new Set(members);
  const next: CoordinatorState = {
    ...left,
    members: left.members.map((member) => (isIn.has(member) ? { ...member, versions: left.versions } : member)),
    sliced: { ...sliced, stage: 'settling', crew, members: members.map(({ peer }) => peer), holders, reported: [] },
  };
  const seeds = members.flatMap((member, self): Effect[] => [
    { kind: 'send', peer: member.peer, message: crewMessage(next, members, self) },
    ...missingWeights(member, left.versions),
    ...missingSlices(member.peer, crew, holders, sliced.holders),
  ]);
  return { state: next, effects: [...effects, ...seeds] };
}

/** Nobody is left: whoever comes goes on from what the coordinator holds. Of a step that was begun nothing is left to end with. */
function rest(state: CoordinatorState): Advance {
  const resting: CoordinatorState = { ...state, sliced: { ...slicedOf(state), stage: 'resting', members: [] } };
  if (!state.stopping) return { state: resting, effects: [] };
  return endWithRecorded(resting);
}

/** Ends in the middle of a step. */
export function endWithRecorded(state: CoordinatorState): Advance {
  const { state: rewound, effects } = rewind(state);
  return prefixed(effects, finish(rewound));
}

function sayFarewells(state: CoordinatorState): Advance {
  const leavers = state.members.filter(({ leaving }) => leaving);
  if (leavers.length === 0) return { state, effects: [] };
  const members = state.members.filter(({ leaving }) => !leaving);
  const others = members.filter(({ ready }) => ready).length;
  const next = { ...state, membership: state.membership + 1, steadySinceStep: state.round.step, members };
  const effects = leavers.flatMap(({ peer, name }): Effect[] => [
    farewell(next, peer),
    { kind: 'log', level: 'info', text: `Worker ${name} is gone: It left. ${others} others go on.` },
  ]);
  return { state: next, effects };
}

function crewMessage(state: CoordinatorState, members: readonly Member[], self: number) {
  const { plan, membership, versions: weightsVersions } = state;
  const { crew, holders } = slicedOf(state);
  const numberOf = new Map(members.map(({ peer }, k) => [peer, k]));
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
  } as const;
}

type AllHolders = SlicedState['holders'];

/** Orders to seed a member with the slices that it has from now on and had not before. */
function missingSlices(peer: string, crew: number, holders: AllHolders, before: AllHolders): Effect[] {
  const has = (holder: Holders | undefined): boolean => holder?.owner === peer || holder?.backup === peer;
  return networks.flatMap((network) =>
    holders[network].flatMap((holder, slice): Effect[] =>
      has(holder) && !has(before[network][slice]) ? [{ kind: 'seed', peer, network, slice, crew }] : [],
    ),
  );
}

/** A worker is gone that may have been of the crew: the round is done again by those who are left. */
export function loseMember(state: CoordinatorState, peer: string): Advance {
  const sliced = slicedOf(state);
  if (!sliced.members.includes(peer)) return { state, effects: [] };
  const lost = sliced.gatherings.filter(({ asked }) => asked.includes(peer));
  // What is asked for anew is the same state, if it is still that of now.
  const isWanted = lost.some(({ isRecord, versions }) => isRecord && isSame(versions, state.versions));
  const effects = lost.flatMap((gathering): Effect[] => [
    { kind: 'forget-slices', gathering },
    ...lostRecord(gathering, state.versions),
  ]);
  const { step, phase, turn } = state.round;
  const members = sliced.members.filter((other) => other !== peer);
  const next = {
    ...state,
    round: createRound({ step, phase, turn }, state.plan.shardCount),
    sliced: {
      ...sliced,
      members,
      reported: [],
      gatherings: sliced.gatherings.filter((gathering) => !lost.includes(gathering)),
    },
  };
  return prefixed([...effects, { kind: 'redo' }], regroup(next, isWanted));
}

function lostRecord({ isRecord, versions, step }: Gathering, now: WeightsVersions): Effect[] {
  if (!isRecord || isSame(versions, now)) return [];
  return [
    {
      kind: 'log',
      level: 'warn',
      text: `The state behind step ${step} was not yet gathered and is past: no checkpoint or sample grid of that step.`,
    },
  ];
}

/** Back to the state that was recorded last, which the coordinator holds. */
function rewind(state: CoordinatorState): Advance {
  const sliced = slicedOf(state);
  const { step, versions } = sliced.recorded;
  const nobody = (network: Network): undefined[] => sliced.holders[network].map(() => undefined);
  const text = `A slice of the weights is lost with its owner and its backup: back to step ${step}, from step ${state.round.step - 1}. The same steps come again.`;
  return {
    state: {
      ...state,
      versions,
      members: state.members.map((member) => ({ ...member, versions: {} })),
      round: createRound(firstPlaceOfStep(step + 1), state.plan.shardCount),
      sliced: {
        ...sliced,
        held: versions,
        holders: { generator: nobody('generator'), discriminator: nobody('discriminator') },
        gatherings: [],
      },
    },
    effects: [
      ...sliced.gatherings.map((gathering): Effect => ({ kind: 'forget-slices', gathering })),
      { kind: 'rewind', step },
      { kind: 'log', level: 'warn', text },
    ],
  };
}
