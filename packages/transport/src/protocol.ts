import type { Network, ShardRange } from '@lstm-gan/core';

/**
 * Everything that coordinator and workers say to each other. A message is a plain object with a literal `kind`; its
 * typed arrays travel as raw frames behind the msgpack header (see encode, decode). `version` is bumped whenever an
 * older peer could misread a message.
 *
 *   worker       coordinator
 *   hello    ->             who I am
 *            <-  welcome    the run's configuration
 *   ready    ->             I built it: what I run on, layouts and probe hashes
 *            <-  weights, work ...          (or reject)
 *   contribution ->
 *            <-  finish
 */

/** Both ends of a link must have the same. */
export const protocolVersion = 2;

/** The phase that trains a network carries its name. */
export type Phase = Network;

/** Which run, and which life of its coordinator: a message of another one is stale and is dropped. */
export interface RunHeader {
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** Counts changes of membership, from 1. */
  readonly membership: number;
}

/** Which round and which lease a message belongs to. */
export interface RoundHeader extends RunHeader {
  /** Counts from 1. */
  readonly step: number;
  readonly phase: Phase;
  /** Which of the step's phases of this kind, from 0: a step may have several discriminator phases. */
  readonly turn: number;
  /** Unique within an incarnation. */
  readonly lease: number;
  /** How many updates each network has had. */
  readonly weightsVersions: Readonly<Record<Network, number>>;
}

/** A worker's first message. */
export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  /** Free text, unique in the run; log lines and errors use it. */
  readonly worker: string;
}

/** The worker has built what the run asks for; the coordinator lets it in when all of this is as with the others. */
export interface Ready extends RunHeader {
  readonly kind: 'ready';
  readonly engine: string;
  readonly tensorflow: string;
  readonly device: string;
  readonly threads: number;
  /** SHA-256 of each network's layout. */
  readonly layouts: Readonly<Record<Network, string>>;
  /** Unit name to SHA-256 of its outputs on the fixed probe input. */
  readonly probes: Readonly<Record<string, string>>;
  /** Unit name to SHA-256 of its GraphDef. */
  readonly graphs: Readonly<Record<string, string>>;
}

/** The losses of one shard, means over its images. */
export interface ShardLosses {
  readonly shard: number;
  readonly loss: number;
  /** The regularizer's part of the loss; 0 without one. */
  readonly penalty: number;
}

/** What a worker gives back for a lease. */
export interface Contribution extends RoundHeader {
  readonly kind: 'contribution';
  readonly subtrees: readonly ShardRange[];
  readonly losses: readonly ShardLosses[];
  /** Time in units. */
  readonly computeMs: number;
  /** Time since the previous contribution in which there was nothing to compute. */
  readonly waitingMs: number;
  /** One partial sum for each subtree, in the layout of the phase's network. */
  readonly sums: readonly Float32Array[];
}

/** Polite: the worker finishes nothing more and expects nothing more. */
export interface Leave extends RunHeader {
  readonly kind: 'leave';
}

/** The worker met something it cannot go on from (NaN, an engine's error); the sentence names the shard. */
export interface Failed extends RoundHeader {
  readonly kind: 'failed';
  readonly shard: number;
  readonly reason: 'not-finite' | 'engine';
  readonly sentence: string;
}

/** The coordinator's answer to hello. */
export interface Welcome extends RunHeader {
  readonly kind: 'welcome';
  readonly protocol: number;
  /** The RunConfig as JSON text; package `run` checks it. */
  readonly config: string;
}

/** The weights of one network, in its layout. */
export interface Weights extends RunHeader {
  readonly kind: 'weights';
  readonly network: Network;
  readonly version: number;
  readonly values: Float32Array;
}

/** A lease: which shards of which phase to compute. */
export interface Work extends RoundHeader {
  readonly kind: 'work';
  readonly subtrees: readonly ShardRange[];
  /**
   * uint8 [shards of the lease x shardSize, H, W, C] in the order of `subtrees`. In the generator phase, those of the next step's first phase, so
   * that the worker can go on with real images while the generator's weights travel; empty in the last step.
   */
  readonly images: Uint8Array;
}

/** The run is finished; the worker may go. */
export interface Finish extends RunHeader {
  readonly kind: 'finish';
}

/** Why a worker is not let in, for programs. */
export type RejectReason =
  | 'protocol-version'
  | 'name-taken'
  | 'engine-differs'
  | 'layout-differs'
  | 'probe-differs'
  | 'unexpected-message'
  | 'malformed-message';

/** The worker is not let in, or no longer. */
export interface Reject {
  readonly kind: 'reject';
  readonly reason: RejectReason;
  /** What was got, what was expected, what to do. */
  readonly sentence: string;
}

/** All that a worker says. */
export type WorkerMessage = Hello | Ready | Contribution | Leave | Failed;
/** All that a coordinator says. */
export type CoordinatorMessage = Welcome | Weights | Work | Finish | Reject;
