/**
 * What the coordinator knows, as plain data without a tensor in it, what can happen to it, and what it may order. The
 * decisions are in advance.ts; whoever holds sockets, clocks and arrays carries the orders out.
 */
import { firstPlaceOfStep, type Network, type Place, type ShardRange } from '@lstm-gan/core';
import type {
  Contribution,
  CoordinatorMessage,
  Exchange,
  PeerAddress,
  Phase,
  Ready,
  RejectReason,
  SliceState,
  WeightsVersions,
  WorkerMessage,
} from '@lstm-gan/transport';
import type { Holders } from './sliced/assign-slices.ts';
import type { Pace } from './pace.ts';

export const networks: readonly Network[] = ['generator', 'discriminator'];

/** What stays the same for the life of a coordinator. */
export interface Plan {
  readonly run: string;
  readonly incarnation: number;
  readonly exchange: Exchange;
  /** Workers that compute other bits are refused. */
  readonly isStrict: boolean;
  readonly shardCount: number;
  /** Discriminator phases a step. */
  readonly discriminatorSteps: number;
  /** The step to stop behind. */
  readonly lastStep: number;
  readonly engine: string;
  readonly threads: number;
  /** RunConfig as JSON, for the welcome. */
  readonly config: string;
  readonly layouts: Readonly<Record<Network, string>>;
  readonly layoutSizes: Readonly<Record<Network, number>>;
  /** How many floats each slice has. */
  readonly sliceSizes: Readonly<Record<Network, readonly number[]>>;
}

/** What a worker computes with; part of a run's identity. */
export type Computes = Pick<Ready, 'tensorflow' | 'graphs' | 'probes'>;

export interface Member {
  readonly peer: string;
  readonly name: string;
  /** Ready: admitted, and may be given leases. */
  readonly ready: boolean;
  /** The weights it was last sent. */
  readonly versions: Readonly<Partial<Record<Network, number>>>;
  /** Where other workers reach it. */
  readonly address: PeerAddress | null;
  /** It has asked to be let go behind the step in work. */
  readonly leaving: boolean;
  /** How fast it was lately. */
  readonly pace: Pace;
  /** Leases that others were faster with: it is at work on them, and what it gives for them does not count. */
  readonly overtaken: readonly Overtaken[];
}

export interface Overtaken {
  readonly lease: number;
  /** The lease of which one is a copy. */
  readonly original: number;
}

export interface Lease {
  readonly id: number;
  readonly peer: string;
  /** Subtrees, in the order of their shards. */
  readonly ranges: readonly ShardRange[];
  readonly sinceMs: number;
  /** The lease of the same shards that it was given out beside, because that one is late. */
  readonly copyOf: number | undefined;
}

/** One exchange: the shards of a phase, and where each is. */
export interface Round extends Place {
  /** Not leased to anybody. */
  readonly pending: readonly ShardRange[];
  readonly leases: readonly Lease[];
  readonly shardsDone: number;
}

/** What the sliced exchange adds: who holds which slice, and how far the crew is. */
export interface SlicedState {
  /**
   * `resting`: there is no crew. `gathering`: the coordinator waits for the state that it is to seed the next crew with, or to
   * end with. `settling`: a crew takes up its places. `computing`: a round is under way.
   */
  readonly stage: 'resting' | 'gathering' | 'settling' | 'computing';
  /** The number of the newest crew. */
  readonly crew: number;
  /** Peers, in the order of their numbers. */
  readonly members: readonly string[];
  readonly holders: Readonly<Record<Network, readonly (Holders | undefined)[]>>;
  /** Who has settled, or has the round's result. */
  readonly reported: readonly string[];
  /** The longest of those who have. */
  readonly updateMs: number;
  /** The state that the coordinator itself holds: all of it, at these versions. */
  readonly held: WeightsVersions;
  /** The state of a step's end that was recorded last: the run goes back to it when a slice is lost with owner and backup. */
  readonly recorded: { readonly step: number; readonly versions: WeightsVersions };
  readonly gatherings: readonly Gathering[];
  readonly nextGathering: number;
}

/** State that members were asked for. */
export interface Gathering {
  readonly id: number;
  readonly asked: readonly string[];
  readonly versions: WeightsVersions;
  /** Steps committed at these versions. */
  readonly step: number;
  /** Whether somebody wants to keep it: it is of a step's end. */
  readonly isRecord: boolean;
}

export interface CoordinatorState {
  readonly plan: Plan;
  /** When what is decided just now happened; of a clock that never goes back. */
  readonly nowMs: number;
  /** Undefined in the star. */
  readonly sliced: SlicedState | undefined;
  readonly membership: number;
  /** In the order in which they came. */
  readonly members: readonly Member[];
  readonly round: Round;
  readonly versions: Readonly<Record<Network, number>>;
  /** Of the run: the first admitted worker's. */
  readonly probes: Readonly<Record<string, string>> | undefined;
  readonly nextLease: number;
  /** The step in which somebody came or went last. */
  readonly steadySinceStep: number;
  /** Whether it was said that another number of workers would be better. */
  readonly advised: boolean;
  readonly stopping: boolean;
  readonly finished: boolean;
  /** Contributions that came too late, twice or for nothing. */
  readonly droppedContributions: number;
  /** Leases that were given out a second time. */
  readonly copiedLeases: number;
}

export type CoordinatorEvent =
  | { readonly kind: 'message'; readonly peer: string; readonly message: WorkerMessage }
  | { readonly kind: 'left'; readonly peer: string; readonly sentence: string }
  /** The order `update` was carried out. */
  | { readonly kind: 'updated' }
  /** The order `commit` was carried out; with `isEnough`, training may end behind the step; with `isWanted`, its state is to be kept. */
  | { readonly kind: 'committed'; readonly isEnough: boolean; readonly isWanted: boolean }
  /** All slices of a gathering are here. */
  | { readonly kind: 'gathered'; readonly gathering: number }
  /** Two workers gave other bits for the same shards. */
  | {
      readonly kind: 'differed';
      readonly workers: readonly [string, string];
      readonly contribution: Pick<Contribution, 'step' | 'phase' | 'subtrees'>;
    }
  /** Time has passed: somebody may be late. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'stop' };

export type Effect =
  | { readonly kind: 'send'; readonly peer: string; readonly message: CoordinatorMessage }
  | { readonly kind: 'send-weights'; readonly peer: string; readonly network: Network; readonly version: number }
  | { readonly kind: 'send-work'; readonly peer: string; readonly lease: Lease; readonly round: Round }
  /** Puts a contribution's sums into the fold of the round. `lease`: somebody else computes the same, and is to be compared with it. */
  | {
      readonly kind: 'collect';
      readonly contribution: Contribution;
      readonly worker: string;
      readonly lease: number | undefined;
    }
  /** Compares a contribution that does not count with the one that did; answered with the event `differed` where they are not the same. */
  | { readonly kind: 'compare'; readonly contribution: Contribution; readonly worker: string; readonly lease: number }
  /** Folds, updates the phase's network, and answers with the event `updated`. */
  | { readonly kind: 'update'; readonly step: number; readonly phase: Phase }
  /** The first worker is admitted: what it computes with, all others must. */
  | { readonly kind: 'identify'; readonly computes: Computes }
  /** Both networks of the step are updated; answered with the event `committed`. */
  | { readonly kind: 'commit'; readonly step: number }
  /** Sends a slice of the held state to somebody who is to own it or back it up. */
  | {
      readonly kind: 'seed';
      readonly peer: string;
      readonly network: Network;
      readonly slice: number;
      readonly crew: number;
    }
  /** Members were asked for their slices; answered with the event `gathered`. */
  | { readonly kind: 'await-slices'; readonly gathering: Gathering }
  /** They will not all come. */
  | { readonly kind: 'forget-slices'; readonly gathering: Gathering }
  | { readonly kind: 'collect-slice'; readonly slice: SliceState }
  /** Every member has a round's result; its contributions count. */
  | { readonly kind: 'complete'; readonly phase: Phase; readonly updateMs: number }
  /** The round in work is done again by another crew: its contributions are forgotten. */
  | { readonly kind: 'redo' }
  /** The run goes back to what was recorded behind a step. */
  | { readonly kind: 'rewind'; readonly step: number }
  | { readonly kind: 'disconnect'; readonly peer: string }
  /** Somebody works with it from now on: should it hang, that is to be noticed. */
  | { readonly kind: 'watch'; readonly peer: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly text: string }
  /** Nothing more will happen. */
  | { readonly kind: 'finish' }
  | { readonly kind: 'abort'; readonly code: string; readonly message: string; readonly advice: string };

export interface Advance {
  readonly state: CoordinatorState;
  readonly effects: readonly Effect[];
}

export interface Refusal {
  readonly reason: RejectReason;
  readonly sentence: string;
}

/** The state of a coordinator that goes on behind `committedStep`. */
export function createCoordinatorState(plan: Plan, committedStep: number, versions: WeightsVersions): CoordinatorState {
  return {
    plan,
    nowMs: 0,
    sliced: plan.exchange === 'sliced' ? createSlicedState(plan, committedStep, versions) : undefined,
    membership: 1,
    members: [],
    round: createRound(firstPlaceOfStep(committedStep + 1), plan.shardCount),
    versions,
    probes: undefined,
    nextLease: 1,
    steadySinceStep: committedStep + 1,
    advised: false,
    stopping: false,
    finished: committedStep >= plan.lastStep,
    droppedContributions: 0,
    copiedLeases: 0,
  };
}

function createSlicedState({ sliceSizes }: Plan, step: number, versions: WeightsVersions): SlicedState {
  const nobody = (network: Network): undefined[] => sliceSizes[network].map(() => undefined);
  return {
    stage: 'resting',
    crew: 0,
    members: [],
    holders: { generator: nobody('generator'), discriminator: nobody('discriminator') },
    reported: [],
    updateMs: 0,
    held: versions,
    recorded: { step, versions },
    gatherings: [],
    nextGathering: 1,
  };
}

/** Orders before what follows from something else. */
export function prefixed(effects: readonly Effect[], { state, effects: more }: Advance): Advance {
  return { state, effects: [...effects, ...more] };
}

/** Everybody may go: nothing more will happen. */
export function finish(state: CoordinatorState): Advance {
  const farewells = state.members.map(({ peer }): Effect => farewell(state, peer));
  return { state: { ...state, finished: true }, effects: [...farewells, { kind: 'finish' }] };
}

/** Lets a worker go that has nothing more to do. */
export function farewell({ plan: { run, incarnation }, membership }: CoordinatorState, peer: string): Effect {
  return { kind: 'send', peer, message: { kind: 'finish', run, incarnation, membership } };
}

export function createRound(place: Place, shardCount: number): Round {
  return { ...place, pending: [{ start: 0, end: shardCount }], leases: [], shardsDone: 0 };
}
