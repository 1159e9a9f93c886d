/** The part of the protocol that the sliced exchange alone uses; protocol.ts shows its order. */
import type { Network, ShardRange } from '@lstm-gan/core';
import type { PeerAddress, RoundPlace, RunHeader, WeightsVersions } from './protocol.ts';

/** For each slice of each network, the number of a member of the crew; -1 for nobody. */
export type SliceTable = Readonly<Record<Network, readonly number[]>>;

/** A worker that takes part in a sliced exchange, as the others reach it. */
export interface CrewMember extends Pick<PeerAddress, 'address' | 'publicKey'> {
  readonly name: string;
}

/** Who takes part from now on, and who owns and backs up which slice. What a member lacks of the state follows. */
export interface Crew extends RunHeader {
  readonly kind: 'crew';
  /** Counts crews, from 1. */
  readonly crew: number;
  /** What the run stands at: whatever a member has beyond it was of a round that is done again. */
  readonly weightsVersions: WeightsVersions;
  readonly members: readonly CrewMember[];
  /** The receiver's place among the members. */
  readonly self: number;
  readonly owners: SliceTable;
  /** Whoever applies the same updates as the owner. */
  readonly backups: SliceTable;
}

/** All that training keeps of one slice: to whoever is to own or back it up, or from its owner when the state is gathered. */
export interface SliceState extends RunHeader {
  readonly kind: 'slice';
  /** What it answers, from a worker: the number of the gathering. From the coordinator: the number of the crew. */
  readonly gathering: number;
  readonly network: Network;
  readonly slice: number;
  readonly updates: number;
  readonly beta1Power: number;
  readonly beta2Power: number;
  readonly weights: Float32Array;
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
  /** Of the generator; empty for the discriminator. */
  readonly ema: Float32Array;
}

/** The worker has what its place in the crew needs, and lets the others in. */
export interface Settled extends RunHeader {
  readonly kind: 'settled';
  readonly crew: number;
}

/** A round begins, the one before being complete: every member has its result. */
export interface Begin extends RunHeader, RoundPlace {
  readonly kind: 'begin';
  readonly crew: number;
  readonly weightsVersions: WeightsVersions;
}

/** The worker has all new weights of a round, and has updated what it owns and backs up. */
export interface Updated extends RunHeader, RoundPlace {
  readonly kind: 'updated';
  readonly crew: number;
  /** Time in fold, optimizer and averages. */
  readonly updateMs: number;
  /** The entry that would no longer be finite, where there is one: training cannot go on. */
  readonly notFinite: string | null;
}

/** Asks for the state of slices at these versions, while training goes on. */
export interface Gather extends RunHeader {
  readonly kind: 'gather';
  readonly gathering: number;
  readonly weightsVersions: WeightsVersions;
  /** The numbers of those that the receiver is asked for. */
  readonly slices: Readonly<Record<Network, readonly number[]>>;
}

/** A worker cannot reach another one of its crew, or no longer. */
export interface Unreachable extends RunHeader {
  readonly kind: 'unreachable';
  readonly crew: number;
  /** The other one's name. */
  readonly worker: string;
  readonly sentence: string;
}

/** What a message between workers belongs to; of another crew or round it is late, and dropped. */
export interface SliceHeader extends RoundPlace {
  readonly run: string;
  readonly incarnation: number;
  readonly crew: number;
  readonly slice: number;
  /** Floats of the slice. */
  readonly values: Float32Array;
}

/** A slice of the partial sum of a subtree, for the slice's owner. */
export interface Piece extends SliceHeader {
  readonly kind: 'piece';
  readonly range: ShardRange;
}

/** A slice of the folded sum of a round, from the slice's owner for its backup. */
export interface Total extends SliceHeader {
  readonly kind: 'total';
}

/** A slice of the weights that a round gave, from the slice's owner. */
export interface Renewed extends SliceHeader {
  readonly kind: 'renewed';
}
