import type { Network, ShardRange } from '@lstm-gan/core';
import type {
  Begin,
  Crew,
  Gather,
  Piece,
  Renewed,
  Settled,
  SliceState,
  Total,
  Unreachable,
  Updated,
} from './sliced-protocol.ts';

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
 *
 * In the sliced exchange (sliced-protocol.ts) every worker of the crew folds and updates some slices of the weights. The coordinator seeds the
 * crew, says when a round begins, hears when everybody has its result, and gathers what a checkpoint needs:
 *
 *            <-  crew, weights, slice ...   (who takes part, who owns what; the state)
 *   settled  ->
 *            <-  begin, work
 *   contribution (without sums), updated  ->
 *            <-  gather
 *   slice ... ->
 *
 * and workers say to each other: piece (of a partial sum, to the slice's owner), total (the folded sum, to its backup), renewed
 * (the slice's new weights, to all others).
 */

/** Both ends of a link must have the same. */
export const protocolVersion = 6;

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

/** How contributions and weights travel: through the coordinator, or straight between workers. */
export type Exchange = 'star' | 'sliced';

/** The place of a round in the run. */
export interface RoundPlace {
  /** Counts from 1. */
  readonly step: number;
  readonly phase: Phase;
  /** Which of the step's phases of this kind, from 0: a step may have several discriminator phases. */
  readonly turn: number;
}

/** How many updates each network has had. */
export type WeightsVersions = Readonly<Record<Network, number>>;

/** Which round and which lease a message belongs to. */
export interface RoundHeader extends RunHeader, RoundPlace {
  /** The number of the crew, in the sliced exchange: a round that loses somebody is done again by another crew. In the star 0. */
  readonly crew: number;
  /** Unique within an incarnation. */
  readonly lease: number;
  readonly weightsVersions: WeightsVersions;
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
  /** Where other workers reach it, in the sliced exchange. */
  readonly peer: PeerAddress | null;
}

/** How a worker is reached by others. */
export interface PeerAddress {
  readonly address: string;
  /** Of the key pair that it answers and connects with. */
  readonly publicKey: string;
  /** Equal for workers on one machine. */
  readonly host: string;
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
  /** One partial sum for each subtree, in the layout of the phase's network; none in the sliced exchange, where they go to the owners. */
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
  readonly exchange: Exchange;
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
  | 'unreachable'
  | 'malformed-message';

/** The worker is not let in, or no longer. */
export interface Reject {
  readonly kind: 'reject';
  readonly reason: RejectReason;
  /** What was got, what was expected, what to do. */
  readonly sentence: string;
}

/** All that a worker says to its coordinator. */
export type WorkerMessage =
  Hello | Ready | Contribution | Leave | Failed | Settled | Updated | SliceState | Unreachable;
/** All that a coordinator says. */
export type CoordinatorMessage = Welcome | Weights | Work | Finish | Reject | Crew | Begin | Gather | SliceState;
/** All that workers say to each other. */
export type PeerMessage = Piece | Total | Renewed;
/** All that travels. */
export type Message = WorkerMessage | CoordinatorMessage | PeerMessage;
