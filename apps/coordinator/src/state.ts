/**
 * What the coordinator knows, as plain data without a tensor in it, what can happen to it, and what it may order. The
 * decisions are in advance.ts; whoever holds sockets, clocks and arrays carries the orders out.
 */
import type { Network, ShardRange } from '@lstm-gan/core';
import type { Contribution, CoordinatorMessage, Phase, Ready, RejectReason, WorkerMessage } from '@lstm-gan/transport';

/** What stays the same for the life of a coordinator. */
export interface Plan {
  readonly run: string;
  readonly incarnation: number;
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
}

export interface Lease {
  readonly id: number;
  readonly peer: string;
  readonly range: ShardRange;
}

/** One exchange: the shards of a phase, and where each is. */
export interface Round {
  readonly step: number;
  readonly phase: Phase;
  /** Which of the step's phases of this kind, from 0. */
  readonly turn: number;
  /** Not leased to anybody. */
  readonly pending: readonly ShardRange[];
  readonly leases: readonly Lease[];
  readonly shardsDone: number;
}

export interface CoordinatorState {
  readonly plan: Plan;
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
}

export type CoordinatorEvent =
  | { readonly kind: 'message'; readonly peer: string; readonly message: WorkerMessage }
  | { readonly kind: 'left'; readonly peer: string; readonly sentence: string }
  /** The order `update` was carried out. */
  | { readonly kind: 'updated' }
  /** The order `commit` was carried out; with `isEnough`, training may end behind the step. */
  | { readonly kind: 'committed'; readonly isEnough: boolean }
  | { readonly kind: 'stop' };

export type Effect =
  | { readonly kind: 'send'; readonly peer: string; readonly message: CoordinatorMessage }
  | { readonly kind: 'send-weights'; readonly peer: string; readonly network: Network; readonly version: number }
  | { readonly kind: 'send-work'; readonly peer: string; readonly lease: Lease; readonly round: Round }
  /** Puts a contribution's sums into the fold of the round. */
  | { readonly kind: 'collect'; readonly contribution: Contribution; readonly worker: string }
  /** Folds, updates the phase's network, and answers with the event `updated`. */
  | { readonly kind: 'update'; readonly step: number; readonly phase: Phase }
  /** The first worker is admitted: what it computes with, all others must. */
  | { readonly kind: 'identify'; readonly computes: Computes }
  /** Both networks of the step are updated; answered with the event `committed`. */
  | { readonly kind: 'commit'; readonly step: number }
  | { readonly kind: 'disconnect'; readonly peer: string }
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
export function createCoordinatorState(plan: Plan, committedStep: number, versions: Readonly<Record<Network, number>>): CoordinatorState {
  return {
    plan,
    membership: 1,
    members: [],
    round: createRound({ step: committedStep + 1, phase: 'discriminator', turn: 0 }, plan.shardCount),
    versions,
    probes: undefined,
    nextLease: 1,
    steadySinceStep: committedStep + 1,
    advised: false,
    stopping: false,
    finished: committedStep >= plan.lastStep,
    droppedContributions: 0,
  };
}

export function createRound(place: Pick<Round, 'step' | 'phase' | 'turn'>, shardCount: number): Round {
  return { ...place, pending: [{ start: 0, end: shardCount }], leases: [], shardsDone: 0 };
}
