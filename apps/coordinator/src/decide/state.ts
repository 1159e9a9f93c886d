/**
 * What the coordinator knows: plain data without a tensor in it. `advance` goes from one state to the next; nothing
 * else changes it.
 */
import type { Network } from '@lstm-gan/core';
import type { ShardRange } from '@lstm-gan/core/fold';
import { firstPlaceOfStep, isFirstOfStep, type Place } from '@lstm-gan/core/step';
import type { PeerAddress, Ready, WeightsVersions } from '@lstm-gan/transport';
import type { Pace } from './pace.ts';
import type { Plan } from './plan.ts';
import { createSlicedState, type SlicedState } from './sliced/sliced-state.ts';

/**
 * The TensorFlow version and hashes that tell what a worker computes with, and its number of threads if the bits depend
 * on it. They are part of a run's identity.
 */
export type Computes = Pick<Ready, 'tensorflow' | 'graphs' | 'probes'> & Partial<Pick<Ready, 'threads'>>;

export interface Member {
  /** The worker's connection, as the link names it. */
  readonly connection: string;
  readonly name: string;
  /** The worker was admitted, so it may get leases. */
  readonly ready: boolean;
  /** For each network, the version of the weights that the worker has or is being sent. */
  readonly versions: Readonly<Partial<Record<Network, number>>>;
  /** In the sliced exchange, where other workers reach this worker. */
  readonly address: PeerAddress | null;
  /** The worker has asked to leave. */
  readonly leaving: boolean;
  /** How fast the worker has been lately. */
  readonly pace: Pace;
  /**
   * Leases of this worker that another worker completed first. This worker still computes them, but its results do not
   * count.
   */
  readonly overtaken: readonly Overtaken[];
}

export interface Overtaken {
  readonly lease: number;
  /** The number that the overtaken lease shares with the lease that overtook it; see `originalOf`. */
  readonly original: number;
}

/** A worker's right to compute some shards of the round. */
export interface Lease {
  readonly id: number;
  readonly connection: string;
  /** Nodes of the summation tree, in the order of their shards. */
  readonly subtrees: readonly ShardRange[];
  /** When the lease was given out. */
  readonly sinceMs: number;
  /** If this lease is a copy, the id of the late lease for the same shards. */
  readonly copyOf: number | undefined;
}

/** The work of one round: the shards of one phase, and which worker computes each shard. */
export interface Round extends Place {
  /** Subtrees that no worker has a lease for. */
  readonly pending: readonly ShardRange[];
  readonly leases: readonly Lease[];
  readonly shardsDone: number;
}

export interface CoordinatorState {
  readonly plan: Plan;
  /** The time of the event that is handled now, from a clock that never goes back. */
  readonly nowMs: number;
  /** The state of the sliced exchange. Undefined in the star. */
  readonly sliced: SlicedState | undefined;
  /** Counts changes of membership, from 1. */
  readonly membership: number;
  /** The workers, in the order in which they said hello. */
  readonly members: readonly Member[];
  readonly round: Round;
  /** How many updates each network has had. */
  readonly versions: WeightsVersions;
  /** The run's probe hashes: those of the worker that was admitted first. */
  readonly probes: Readonly<Record<string, string>> | undefined;
  /** The number of threads of the worker that was admitted first. */
  readonly threads: number | undefined;
  readonly nextLease: number;
  /** The step in which a worker last joined or left. */
  readonly steadySinceStep: number;
  /** The log already says that another number of workers would be better. */
  readonly advised: boolean;
  /** Training ends after the current step. */
  readonly stopping: boolean;
  /** The run has reached its end before its last step, because it is good enough. */
  readonly isEnough: boolean;
  readonly finished: boolean;
  /** Contributions that came too late, twice or without a lease. */
  readonly droppedContributions: number;
  /** Leases that were given to a second worker, because the first was late. */
  readonly copiedLeases: number;
}

/** The state of a coordinator that goes on after `committedStep`. */
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
    threads: undefined,
    nextLease: 1,
    steadySinceStep: committedStep + 1,
    advised: false,
    stopping: false,
    isEnough: false,
    finished: committedStep >= plan.lastStep,
    droppedContributions: 0,
    copiedLeases: 0,
  };
}

/** Returns a round in which no shard is leased yet. */
export function createRound({ step, phase, turn }: Place, shardCount: number): Round {
  return { step, phase, turn, pending: [{ start: 0, end: shardCount }], leases: [], shardsDone: 0 };
}

/** Whether the state's `round` is the first round of its step. */
export function isAtStepStart({ round }: CoordinatorState): boolean {
  return isFirstOfStep(round);
}

/** Whether training ends before the current step: training was told to stop, or the step comes after the last one. */
export function isOver(state: CoordinatorState): boolean {
  return isAtStepStart(state) && (state.stopping || state.round.step > state.plan.lastStep);
}

/** Whether no shard of the current step is leased or done. */
export function isStepUntouched(state: CoordinatorState): boolean {
  return isAtStepStart(state) && state.round.leases.length === 0 && state.round.shardsDone === 0;
}

/** Whether no admitted worker is left. */
export function isAbandoned({ members }: CoordinatorState): boolean {
  return !members.some(({ ready }) => ready);
}

/** The worker at the other end of a connection, if it has said hello. */
export function memberOf({ members }: CoordinatorState, connection: string): Member | undefined {
  return members.find((member) => member.connection === connection);
}

/** The state with one member changed. */
export function withMember(state: CoordinatorState, member: Member, change: Partial<Member>): CoordinatorState {
  return { ...state, members: state.members.map((other) => (other === member ? { ...member, ...change } : other)) };
}
