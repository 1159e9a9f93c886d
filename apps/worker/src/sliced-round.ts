/**
 * One round of the sliced exchange, as a member of the crew knows it: pieces come in, whoever owns a slice folds and updates
 * it, its backup applies the same update to the same sum, and everybody else gets the new weights. Nothing of what the round
 * began with is written: it is worth nothing until every member has its result. Knows no sockets and no clocks.
 */
import {
  createFold,
  findNotFinite,
  isSubtree,
  leavesOf,
  lengthOf,
  sliceView,
  updateNetwork,
  type AdamOptions,
  type Fold,
  type Layout,
  type Network,
  type NetworkState,
  type NetworkUpdate,
  type Place,
  type ShardRange,
  type Slice,
  type SumTree,
  type VectorArithmetic,
} from '@lstm-gan/core';
import { asSent, type RunConfig } from '@lstm-gan/run';
import type { PeerMessage } from '@lstm-gan/transport';

/** A slice of a network, and how what lies in it is laid out. */
export interface SlicePlace {
  readonly range: Slice;
  readonly layout: Layout;
}

/** A member's place in the crew, for the network of a round. */
export interface Role {
  /** Numbers of members. */
  readonly self: number;
  readonly memberCount: number;
  readonly owners: readonly number[];
  /** -1 where there is none. */
  readonly backups: readonly number[];
}

export interface SlicedRoundOptions {
  readonly place: Place;
  readonly role: Role;
  readonly slices: readonly SlicePlace[];
  readonly shardCount: number;
  readonly optimizer: AdamOptions;
  /** How new weights are rounded for those who compute with them. */
  readonly wire: RunConfig['wire'];
  readonly arithmetic: VectorArithmetic;
  /** The state of a slice before the round, which this member owns or backs up. */
  readonly stateOf: (slice: number) => NetworkState;
  /** Sends to the member of a number. */
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
  /** Shards whose pieces came, each 0 or 1. */
  readonly covered: Uint8Array;
}

export class SlicedRound {
  readonly place: Place;
  /** The new weights, whole once nothing is missing. */
  readonly weights: Float32Array;
  /** New states of the slices that this member owns or backs up. */
  readonly states = new Map<number, NetworkState>();
  readonly #options: SlicedRoundOptions;
  readonly #missing: Set<number>;
  readonly #collected = new Map<number, Collected>();
  /** Used up, but perhaps still on its way to somebody until the round is complete. */
  readonly #spent: Float32Array[] = [];
  #notFinite: string | undefined;

  constructor(options: SlicedRoundOptions) {
    const { place, slices, role, shardCount, arithmetic } = options;
    this.#options = options;
    this.place = place;
    this.weights = arithmetic.allocate(slices.at(-1)?.range.end ?? 0);
    this.#missing = new Set(slices.keys());
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
    return this.#missing.size === 0;
  }

  /** The entry of a slice of its own that would no longer be finite. */
  get notFinite(): string | undefined {
    return this.#notFinite;
  }

  /** Shares this member's own partial sums out; begins with the slices of the member after it, so that not all begin with the same. */
  contribute(subtrees: readonly ShardRange[], sums: readonly Float32Array[]): void {
    const { role, slices, send } = this.#options;
    const turnOf = (slice: number): number =>
      (role.owners[slice] - role.self + role.memberCount - 1) % role.memberCount;
    const order = [...slices.keys()].sort((a, b) => turnOf(a) - turnOf(b));
    this.#spent.push(...sums);
    for (const slice of order) {
      subtrees.forEach((range, k) => {
        const piece = sliceView(sums[k], slices[slice].range);
        if (role.owners[slice] === role.self) this.#addPiece(slice, range, piece);
        else send(role.owners[slice], 'piece', slice, piece, range);
      });
    }
  }

  /** Takes a message of this round; returns whether it fitted: what is twice or of a wrong size changes nothing. */
  take(message: PeerMessage): boolean {
    const { role, slices } = this.#options;
    const { slice, values } = message;
    const place = slices[slice] as SlicePlace | undefined;
    if (values.length !== place?.layout.size) return false;
    if (message.kind === 'piece') return this.#addPiece(slice, message.range, values);
    const isBackup = role.backups[slice] === role.self;
    if (!this.#missing.has(slice) || role.owners[slice] === role.self || isBackup !== (message.kind === 'total'))
      return false;
    if (isBackup) this.#update(slice, values);
    else this.#renew(slice, values);
    this.#release(values);
    return true;
  }

  /** Gives back what was used up; once the round is complete, nothing of it is on its way. */
  releaseSpent(): void {
    for (const array of this.#spent.splice(0)) this.#release(array);
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
    if (total !== undefined) this.#settleSlice(slice, total);
    return true;
  }

  /** The owner's part: the backup works on the same sum meanwhile. */
  #settleSlice(slice: number, sum: SumTree): void {
    const { role, slices, send } = this.#options;
    const backup = role.backups[slice];
    const total = backup >= 0 ? this.#evaluateSum(sum) : sum;
    this.#spent.push(...leavesOf(total));
    if (total instanceof Float32Array && backup >= 0) send(backup, 'total', slice, total);
    const { state, isFinite, sent } = this.#update(slice, total);
    for (let member = 0; member < role.memberCount; member++) {
      if (member !== role.self && member !== backup) send(member, 'renewed', slice, sent);
    }
    if (!isFinite) this.#notFinite ??= findNotFinite(slices[slice].layout, state.weights);
  }

  /** Does a sum now, and uses its vectors up. */
  #evaluateSum(sum: SumTree): Float32Array {
    if (sum instanceof Float32Array) return sum;
    const { allocate, evaluateSum } = this.#options.arithmetic;
    const total = allocate(lengthOf(sum));
    evaluateSum(sum, total);
    for (const leaf of leavesOf(sum)) this.#release(leaf);
    return total;
  }

  /** The update, and the new weights as everybody computes with them. */
  #update(slice: number, total: SumTree): NetworkUpdate & { readonly sent: Float32Array } {
    const { slices, shardCount, optimizer, arithmetic, stateOf, wire } = this.#options;
    // What is lent to the coordinator's process is gone from here, and this state is kept.
    const kept = { ...arithmetic, allocateOutgoing: arithmetic.allocate };
    const update = updateNetwork(slices[slice].layout, stateOf(slice), total, shardCount, optimizer, kept);
    this.states.set(slice, update.state);
    const sent = asSent(update.state.weights, wire, arithmetic.allocate);
    if (sent !== update.state.weights) this.#spent.push(sent);
    this.#renew(slice, sent);
    return { ...update, sent };
  }

  #renew(slice: number, weights: Float32Array): void {
    this.weights.set(weights, this.#options.slices[slice].range.start);
    this.#missing.delete(slice);
  }

  #release(array: Float32Array | Uint8Array): void {
    releaseWhole(this.#options.arithmetic, array);
  }
}

/** Gives back an array's memory, unless it is a part of another's. */
export function releaseWhole({ release }: Pick<VectorArithmetic, 'release'>, array: Float32Array | Uint8Array): void {
  if (array.byteLength === array.buffer.byteLength) release(array);
}
