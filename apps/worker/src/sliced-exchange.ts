/**
 * A member of a crew, from round to round: what it keeps of the slices that it owns or backs up, and what it does with what
 * the coordinator and the other members say. The result of a round takes the place of what was before only when the
 * coordinator's next word shows that everybody has it; a new crew before that does the round again. Without sockets and
 * clocks: what is to be sent goes to `post`.
 */
import {
  assert,
  comparePlaces,
  createLayouts,
  cutSlices,
  emaBeta,
  sliceLayout,
  type Network,
  type NetworkState,
  type VectorArithmetic,
} from '@lstm-gan/core';
import type { RunConfig } from '@lstm-gan/run';
import type {
  Begin,
  Crew,
  CrewMember,
  Gather,
  PeerMessage,
  RunHeader,
  SliceState,
  WeightsVersions,
  Work,
  WorkerMessage,
} from '@lstm-gan/transport';
import { releaseWhole, SlicedRound, type Role, type SlicePlace } from './sliced-round.ts';

/** The weights that a worker computes with. */
export type CurrentWeights = Partial<Record<Network, { version: number; values: Float32Array }>>;

/** Where a member's words go. */
interface Post {
  meet(others: readonly CrewMember[]): void;
  toPeer(worker: string, message: PeerMessage): void;
  report(message: WorkerMessage): void;
}

export interface SlicedExchangeOptions {
  readonly header: RunHeader;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  /** Shared with whoever computes. */
  readonly weights: CurrentWeights;
  readonly post: Post;
  readonly now: () => number;
}

interface KeptSlice {
  readonly state: NetworkState;
  /** Empty for the discriminator. */
  readonly ema: Float32Array;
  /** Its arrays were given to the coordinator's link, which may still read them. */
  isShared: boolean;
}

const networks: readonly Network[] = ['generator', 'discriminator'];

/** More than a round has messages; whoever sends as many ahead of time is not one of us. */
const mostEarly = 1 << 16;

export class SlicedExchange {
  readonly #options: SlicedExchangeOptions;
  readonly #slices: Readonly<Record<Network, readonly SlicePlace[]>>;
  readonly #kept: Readonly<Record<Network, Map<number, KeptSlice>>> = {
    generator: new Map(),
    discriminator: new Map(),
  };
  /** From which the averages are on their way until they are settled. */
  readonly #pastAverages: Float32Array[] = [];
  #crew: Crew | undefined;
  #isSettled = false;
  #round: SlicedRound | undefined;
  #isReported = false;
  #updateMs = 0;
  #early: PeerMessage[] = [];

  constructor(options: SlicedExchangeOptions) {
    this.#options = options;
    const layouts = createLayouts(options.config.model);
    const cut = (network: Network): SlicePlace[] =>
      cutSlices(layouts[network]).map((range) => ({ range, layout: sliceLayout(layouts[network], range) }));
    this.#slices = { generator: cut('generator'), discriminator: cut('discriminator') };
  }

  /** The number of the crew that it is in; 0 in none. */
  get crew(): number {
    return this.#crew?.crew ?? 0;
  }

  /** The network whose new weights take the place of the old ones, now that the coordinator says what the run stands at. */
  dueNetwork(versions: WeightsVersions): Network | undefined {
    if (this.#round?.isWhole !== true) return undefined;
    const { network } = this.#round;
    const current = this.#options.weights[network]?.version ?? 0;
    return versions[network] === current + 1 ? network : undefined;
  }

  /** Puts a round's result, which everybody has, in the place of what was before. Nobody computes with the old weights any more. */
  promote(): void {
    const round = this.#round;
    assert(round !== undefined, 'only the result of a round takes the place of what was before');
    this.#round = undefined;
    const { weights, arithmetic, config } = this.#options;
    const { network } = round;
    weights[network] = { version: (weights[network]?.version ?? 0) + 1, values: round.weights };
    if (network === 'generator') this.#settleAverages();
    const beta = emaBeta(config.ema, config.batchSize, round.place.step * config.batchSize);
    for (const [slice, state] of round.states) {
      const old = this.#keptSlice(network, slice);
      const ema = network === 'generator' ? arithmetic.ema(old.ema, state.weights, beta) : old.ema;
      this.#kept[network].set(slice, { state, ema, isShared: false });
      if (old.isShared) continue;
      for (const array of [old.state.weights, old.state.firstMoments, old.state.secondMoments])
        releaseWhole(arithmetic, array);
      if (ema !== old.ema) this.#pastAverages.push(old.ema);
    }
    round.releaseSpent();
  }

  /** The averages of a step have all phases of the next one to be written in. */
  #settleAverages(): void {
    const { arithmetic } = this.#options;
    arithmetic.finishPending();
    for (const array of this.#pastAverages.splice(0)) releaseWhole(arithmetic, array);
  }

  /** Takes its place in a new crew; a round that was under way is done again. */
  join(crew: Crew): void {
    const { weights, post } = this.#options;
    this.#round = undefined;
    this.#crew = crew;
    this.#isSettled = false;
    this.#early = this.#early.filter((message) => message.crew >= crew.crew);
    for (const network of networks) {
      if (weights[network]?.version !== crew.weightsVersions[network]) delete weights[network];
      for (const [slice, { state }] of this.#kept[network]) {
        if (!this.#holds(network, slice) || state.updates !== crew.weightsVersions[network])
          this.#kept[network].delete(slice);
      }
    }
    post.meet(crew.members.filter((_, number) => number !== crew.self));
    this.settleIfReady();
  }

  /** Takes the state of a slice from the coordinator. */
  seed({
    network,
    slice,
    updates,
    beta1Power,
    beta2Power,
    weights,
    firstMoments,
    secondMoments,
    ema,
  }: SliceState): void {
    const floats = this.#slices[network][slice]?.layout.size;
    const arrays = [weights, firstMoments, secondMoments, ...(network === 'generator' ? [ema] : [])];
    assert(
      arrays.every(({ length }) => length === floats),
      'a slice has the size that the layout gives it',
    );
    // A coordinator may give the generator's first average as the very weights: here it has a life of its own.
    this.#kept[network].set(slice, {
      state: { weights, firstMoments, secondMoments, beta1Power, beta2Power, updates },
      ema,
      isShared: false,
    });
    this.settleIfReady();
  }

  /** Says that it has everything that its place in the crew needs, once. */
  settleIfReady(): void {
    const crew = this.#crew;
    if (crew === undefined || this.#isSettled) return;
    const isReady = networks.every(
      (network) =>
        this.#options.weights[network]?.version === crew.weightsVersions[network] &&
        this.#slices[network].every(
          (_, slice) =>
            !this.#holds(network, slice) ||
            this.#kept[network].get(slice)?.state.updates === crew.weightsVersions[network],
        ),
    );
    if (!isReady) return;
    this.#isSettled = true;
    this.#options.post.report({ kind: 'settled', ...this.#options.header, crew: crew.crew });
  }

  /** A round begins; what members sent ahead of it is taken in. */
  begin({ crew, step, phase, turn }: Begin): void {
    if (this.#crew?.crew !== crew) return;
    const { config, arithmetic } = this.#options;
    this.#isReported = false;
    this.#updateMs = 0;
    this.#round = new SlicedRound({
      place: { step, phase, turn },
      role: roleOf(this.#crew, phase),
      slices: this.#slices[phase],
      shardCount: config.batchSize / config.shardSize,
      optimizer: config.optimizer[phase],
      wire: config.wire,
      arithmetic,
      stateOf: (slice) => this.#keptSlice(phase, slice).state,
      send: (...parts) => this.#send(...parts),
    });
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.hear(message);
  }

  /** Shares out the partial sums of a lease. */
  contribute(work: Pick<Work, 'crew' | 'step' | 'phase' | 'turn' | 'subtrees'>, sums: readonly Float32Array[]): void {
    const round = this.#round;
    if (round === undefined || work.crew !== this.crew || comparePlaces(work, round.place) !== 0) return;
    this.#measure(() => round.contribute(work.subtrees, sums));
  }

  /** Takes a word of another member; returns whether it was of use: of a crew or round that is past, it is not. */
  hear(message: PeerMessage): boolean {
    const { run, incarnation } = this.#options.header;
    if (message.run !== run || message.incarnation !== incarnation || message.crew < this.crew) return false;
    const round = this.#round;
    if (round === undefined || message.crew > this.crew || comparePlaces(message, round.place) > 0) {
      if (this.#early.length >= mostEarly) return false;
      this.#early.push(message);
      return true;
    }
    if (comparePlaces(message, round.place) < 0) return false;
    return this.#measure(() => round.take(message));
  }

  /** Gives the coordinator the slices that it asks for. */
  gather({ gathering, slices }: Gather): void {
    const { post, header } = this.#options;
    this.#settleAverages();
    for (const network of networks) {
      for (const slice of slices[network]) {
        const kept = this.#keptSlice(network, slice);
        kept.isShared = true;
        post.report({ kind: 'slice', ...header, gathering, network, slice, ...kept.state, ema: kept.ema });
      }
    }
  }

  #measure<Result>(act: () => Result): Result {
    const { now, header, post } = this.#options;
    const startMs = now();
    const result = act();
    this.#updateMs += now() - startMs;
    const round = this.#round;
    if (round !== undefined && !this.#isReported && (round.isWhole || round.notFinite !== undefined)) {
      this.#isReported = true;
      post.report({
        kind: 'updated',
        ...header,
        ...round.place,
        crew: this.crew,
        updateMs: this.#updateMs,
        notFinite: round.notFinite ?? null,
      });
    }
    return result;
  }

  #send(
    ...[member, kind, slice, values, range]: Parameters<ConstructorParameters<typeof SlicedRound>[0]['send']>
  ): void {
    const { header, post } = this.#options;
    assert(this.#crew !== undefined && this.#round !== undefined, 'members of a crew talk while a round is under way');
    const between = {
      run: header.run,
      incarnation: header.incarnation,
      ...this.#round.place,
      crew: this.#crew.crew,
      slice,
      values,
    };
    post.toPeer(
      this.#crew.members[member].name,
      kind === 'piece' ? { kind, ...between, range: range as NonNullable<typeof range> } : { kind, ...between },
    );
  }

  #holds(network: Network, slice: number): boolean {
    const { self, owners, backups } = this.#crew ?? {};
    return self !== undefined && (owners?.[network][slice] === self || backups?.[network][slice] === self);
  }

  #keptSlice(network: Network, slice: number): KeptSlice {
    const kept = this.#kept[network].get(slice);
    assert(kept !== undefined, 'whoever owns a slice or backs it up keeps its state');
    return kept;
  }
}

function roleOf({ self, members, owners, backups }: Crew, network: Network): Role {
  return { self, memberCount: members.length, owners: owners[network], backups: backups[network] };
}
