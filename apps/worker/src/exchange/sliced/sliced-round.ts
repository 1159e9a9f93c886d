/**
 * One round of the sliced exchange, as one member of the crew sees it:
 *
 *   - Every member sends slices of its partial sums to their owners (`piece`).
 *   - The owner of a slice folds the pieces and updates the slice's weights and optimizer state.
 *   - The owner sends the folded sum to the slice's backup (`total`), which applies the same update to the same sum.
 *   - The owner sends the new weights to all other members (`renewed`).
 *
 * The round never changes the weights and states that it began with. So if a member is lost before every member has the
 * result, the other members can do the round again from the old weights and states. The class uses no sockets and no
 * clocks.
 */
import {
  updateNetwork,
  type AdamOptions,
  type Layout,
  type Network,
  type NetworkState,
  type NetworkUpdate,
} from '@lstm-gan/core';
import {
  createFold,
  isSubtree,
  leavesOf,
  lengthOf,
  type Fold,
  type ShardRange,
  type SumTree,
} from '@lstm-gan/core/fold';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { Place } from '@lstm-gan/core/step';
import { findNotFinite, sliceView, type Slice } from '@lstm-gan/core/weights';
import { roundForWire, type RunConfig } from '@lstm-gan/run';
import type { PeerMessage } from '@lstm-gan/transport';

/** A slice of a network's vector, and the layout of its floats. */
export interface SlicePlace {
  readonly range: Slice;
  readonly layout: Layout;
}

/** Which members own and back up each slice of a round's network, and this member's own number. */
export interface Role {
  /** This member's number. */
  readonly self: number;
  readonly memberCount: number;
  /** For each slice, its owner's number. */
  readonly owners: readonly number[];
  /** For each slice, its backup's number; -1 if it has none. */
  readonly backups: readonly number[];
}

export interface SlicedRoundOptions {
  readonly place: Place;
  readonly role: Role;
  readonly slices: readonly SlicePlace[];
  readonly shardCount: number;
  readonly optimizer: AdamOptions;
  /** How new weights are rounded before workers compute with them. */
  readonly wire: RunConfig['wire'];
  readonly arithmetic: VectorArithmetic;
  /** Returns the state that a slice had before the round. This member must own the slice or be its backup. */
  readonly stateOf: (slice: number) => NetworkState;
  /** Sends a message to the member whose number is `member`. Only a `piece` has a `range`: the shards that it sums. */
  readonly send: (
    member: number,
    kind: PeerMessage['kind'],
    slice: number,
    values: Float32Array,
    range?: ShardRange,
  ) => void;
}

interface Collected {
  readonly fold: Fold;
  /** For each shard, 1 if a piece that contains the shard has come, otherwise 0. */
  readonly covered: Uint8Array;
}

export class SlicedRound {
  readonly place: Place;
  /** The new weights; complete when `isWhole`. */
  readonly weights: Float32Array;
  /** By slice: the new state of each slice that this member owns or backs up. */
  readonly states = new Map<number, NetworkState>();
  readonly #options: SlicedRoundOptions;
  readonly #missingSlices: Set<number>;
  readonly #collected = new Map<number, Collected>();
  /** Vectors that this round no longer needs. Until every member has the result, messages may still read them. */
  readonly #usedVectors: Float32Array[] = [];
  #notFinite: string | undefined;

  constructor(options: SlicedRoundOptions) {
    const { place, slices, role, shardCount, arithmetic } = options;
    this.#options = options;
    this.place = place;
    this.weights = arithmetic.allocate(slices.at(-1)?.range.end ?? 0);
    this.#missingSlices = new Set(slices.keys());
    const foldArithmetic = {
      evaluateSum: arithmetic.evaluateSum,
      allocate: arithmetic.allocate,
      release: (array: Float32Array | Uint8Array) => this.#release(array),
    };
    const whole = { start: 0, end: shardCount };
    role.owners.forEach((owner, slice) => {
      if (owner === role.self)
        this.#collected.set(slice, { fold: createFold(whole, foldArithmetic), covered: new Uint8Array(shardCount) });
    });
  }

  get network(): Network {
    return this.place.phase;
  }

  get isWhole(): boolean {
    return this.#missingSlices.size === 0;
  }

  /**
   * The first entry of the new weights that is not finite, in the slices that this member owns. Undefined if there is
   * none.
   */
  get notFinite(): string | undefined {
    return this.#notFinite;
  }

  /**
   * Sends this member's partial sums, one for each subtree, to the owners of their slices. Begins with the slices of
   * the next member in the order of numbers, so that not all members send to the same owner at once.
   */
  contribute(subtrees: readonly ShardRange[], sums: readonly Float32Array[]): void {
    const { role, slices, send } = this.#options;
    const turnOf = (slice: number): number =>
      (role.owners[slice] - role.self + role.memberCount - 1) % role.memberCount;
    const order = [...slices.keys()].sort((a, b) => turnOf(a) - turnOf(b));
    this.#usedVectors.push(...sums);
    for (const slice of order) {
      subtrees.forEach((range, k) => {
        const piece = sliceView(sums[k], slices[slice].range);
        if (role.owners[slice] === role.self) this.#addPiece(slice, range, piece);
        else send(role.owners[slice], 'piece', slice, piece, range);
      });
    }
  }

  /**
   * Handles a message of this round. Returns false, and changes nothing, if the message has come before or does not
   * fit.
   */
  take(message: PeerMessage): boolean {
    const { role, slices } = this.#options;
    const { slice, values } = message;
    const place = slices[slice] as SlicePlace | undefined;
    if (values.length !== place?.layout.size) return false;
    // An owner computes the result of its slice itself, so it waits for no message with that result.
    const isMissing = this.#missingSlices.has(slice) && role.owners[slice] !== role.self;
    const isBackup = role.backups[slice] === role.self;
    switch (message.kind) {
      case 'piece':
        return this.#addPiece(slice, message.range, values);
      case 'total':
        if (!isMissing || !isBackup) return false;
        this.#update(slice, values);
        break;
      case 'renewed':
        if (!isMissing || isBackup) return false;
        this.#putWeights(slice, values);
        break;
      default:
        return message satisfies never;
    }
    this.#release(values);
    return true;
  }

  /**
   * Releases the vectors that are no longer needed. Called when every member has the result: then no message reads
   * them.
   */
  releaseUsedVectors(): void {
    for (const array of this.#usedVectors.splice(0)) this.#release(array);
  }

  #addPiece(slice: number, range: ShardRange, piece: Float32Array): boolean {
    const { shardCount } = this.#options;
    const collected = this.#collected.get(slice);
    const isNew =
      collected !== undefined &&
      isSubtree(range, shardCount) &&
      collected.covered.subarray(range.start, range.end).every((covered) => covered === 0);
    if (!isNew) return false;
    collected.covered.fill(1, range.start, range.end);
    collected.fold.add(range, piece);
    const total = collected.fold.total();
    if (total !== undefined) this.#completeSlice(slice, total);
    return true;
  }

  /**
   * Called when all pieces of an owned slice are here. First sends the sum to the backup, so that owner and backup
   * update at the same time.
   */
  #completeSlice(slice: number, sum: SumTree): void {
    const { role, slices, send } = this.#options;
    const backup = role.backups[slice];
    const total = backup >= 0 ? this.#evaluateSum(sum) : sum;
    this.#usedVectors.push(...leavesOf(total));
    if (total instanceof Float32Array && backup >= 0) send(backup, 'total', slice, total);
    const { state, isFinite, sent } = this.#update(slice, total);
    for (let member = 0; member < role.memberCount; member++) {
      if (member !== role.self && member !== backup) send(member, 'renewed', slice, sent);
    }
    if (!isFinite) this.#notFinite ??= findNotFinite(slices[slice].layout, state.weights);
  }

  /** Evaluates a sum into one vector, and releases the vectors that were added. */
  #evaluateSum(sum: SumTree): Float32Array {
    if (sum instanceof Float32Array) return sum;
    const { allocate, evaluateSum } = this.#options.arithmetic;
    const total = allocate(lengthOf(sum));
    evaluateSum(sum, total);
    for (const leaf of leavesOf(sum)) this.#release(leaf);
    return total;
  }

  /** Updates a slice. `sent` has the new weights that all workers compute with: they are rounded if `wire` says so. */
  #update(slice: number, total: SumTree): NetworkUpdate & { readonly sent: Float32Array } {
    const { slices, shardCount, optimizer, arithmetic, stateOf, wire } = this.#options;
    // The new state stays in this process. So it is not put into outgoing memory, which is lent to other processes.
    const kept = { ...arithmetic, allocateOutgoing: arithmetic.allocate };
    const update = updateNetwork(slices[slice].layout, stateOf(slice), total, shardCount, optimizer, kept);
    this.states.set(slice, update.state);
    const sent = roundForWire(update.state.weights, wire, arithmetic.allocate);
    if (sent !== update.state.weights) this.#usedVectors.push(sent);
    this.#putWeights(slice, sent);
    return { ...update, sent };
  }

  #putWeights(slice: number, weights: Float32Array): void {
    this.weights.set(weights, this.#options.slices[slice].range.start);
    this.#missingSlices.delete(slice);
  }

  #release(array: Float32Array | Uint8Array): void {
    releaseWhole(this.#options.arithmetic, array);
  }
}

/** Releases an array, unless it is a view of a part of a larger array. */
export function releaseWhole({ release }: Pick<VectorArithmetic, 'release'>, array: Float32Array | Uint8Array): void {
  if (array.byteLength === array.buffer.byteLength) release(array);
}
