/**
 * A member of a crew, from round to round. It keeps the state of the slices that it owns or backs up, and handles the
 * messages of the coordinator and of the other members.
 *
 * The result of a round replaces the old weights and states only when the coordinator's next message shows that every
 * member has the result. If a new crew is formed earlier, the new crew does the round again from the old state.
 *
 * The class uses no sockets and no clocks: it gives its messages to `post` and takes the time from `now`.
 * test/simulator tests what the class promises: it runs crews of these members through thousands of schedules with
 * faults.
 */
import { createLayouts, emaBeta, type Network, type NetworkState } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { adamAfter, type VectorArithmetic } from '@lstm-gan/core/optimizer';
import { comparePlaces, type Place } from '@lstm-gan/core/step';
import { cutSlices, networks, sliceLayout } from '@lstm-gan/core/weights';
import { imagesPerStep, type RunConfig } from '@lstm-gan/run';
import type {
  Begin,
  Crew,
  CrewMember,
  Gather,
  PeerMessage,
  RunHeader,
  Seed,
  WeightsVersions,
  Work,
  WorkerMessage,
} from '@lstm-gan/transport';
import type { CurrentWeights } from '../../current-weights.ts';
import { releaseWhole, SlicedRound, type Role, type SlicePlace } from './sliced-round.ts';

/** Where a member's messages go. */
interface Post {
  /** Connects to the other members of a new crew. */
  meet(others: readonly CrewMember[]): void;
  toPeer(worker: string, message: PeerMessage): void;
  /** Sends a message to the coordinator. */
  report(message: WorkerMessage): void;
}

export interface SlicedMemberOptions {
  readonly header: RunHeader;
  readonly config: RunConfig;
  readonly arithmetic: VectorArithmetic;
  /** The weights that the worker computes with. The member puts the new weights of each round here. */
  readonly weights: CurrentWeights;
  readonly post: Post;
  readonly now: () => number;
}

interface KeptSlice {
  readonly state: NetworkState;
  /** The average of the generator's weights; empty for a slice of the discriminator. */
  readonly ema: Float32Array;
  /** True after the slice's arrays were given to the link to the coordinator, which may still read them. */
  isShared: boolean;
}

/**
 * The largest number of messages that are kept before their round begins; further messages are dropped. A round has
 * fewer messages than this.
 */
const mostEarlyMessages = 1 << 16;

export class SlicedMember {
  readonly #options: SlicedMemberOptions;
  readonly #slices: Readonly<Record<Network, readonly SlicePlace[]>>;
  readonly #kept: Readonly<Record<Network, Map<number, KeptSlice>>> = {
    generator: new Map(),
    discriminator: new Map(),
  };
  /** Replaced averages of the generator's weights. The arithmetic may still read them until `finishPending` returns. */
  readonly #pastAverages: Float32Array[] = [];
  #crew: Crew | undefined;
  #hasReportedSettled = false;
  #round: SlicedRound | undefined;
  #hasReportedRound = false;
  #updateMs = 0;
  #earlyMessages: PeerMessage[] = [];

  constructor(options: SlicedMemberOptions) {
    this.#options = options;
    const layouts = createLayouts(options.config.model);
    const cut = (network: Network): SlicePlace[] =>
      cutSlices(layouts[network]).map((range) => ({ range, layout: sliceLayout(layouts[network], range) }));
    this.#slices = { generator: cut('generator'), discriminator: cut('discriminator') };
  }

  /** The number of the crew that this member is in; 0 before the first crew. */
  get crew(): number {
    return this.#crew?.crew ?? 0;
  }

  /**
   * Returns the network of the current round, if the coordinator's `versions` show that every member has the round's
   * result; otherwise undefined. If it returns a network, the caller must call `applyRound`.
   */
  networkToReplace(versions: WeightsVersions): Network | undefined {
    if (this.#round?.isWhole !== true) return undefined;
    const { network } = this.#round;
    const current = this.#options.weights[network]?.version ?? 0;
    return versions[network] === current + 1 ? network : undefined;
  }

  /**
   * Replaces weights and states by the result of the round. Called when every member has the result, and nothing
   * computes with the old weights any more.
   */
  applyRound(): void {
    const round = this.#round;
    assert(round !== undefined, 'only a round in work can be applied');
    this.#round = undefined;
    const { weights, arithmetic, config } = this.#options;
    const { network } = round;
    weights[network] = { version: (weights[network]?.version ?? 0) + 1, values: round.weights };
    if (network === 'generator') this.#finishAverages();
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
    round.releaseUsedVectors();
  }

  /**
   * Waits until the averages of the generator's weights are computed. After a round the wait is seldom long, because
   * the computation began one step earlier.
   */
  #finishAverages(): void {
    const { arithmetic } = this.#options;
    arithmetic.finishPending();
    for (const array of this.#pastAverages.splice(0)) releaseWhole(arithmetic, array);
  }

  /** Takes this member's place in a new crew. Gives up the current round, which the new crew does again. */
  joinCrew(crew: Crew): void {
    const { weights, post } = this.#options;
    this.#round = undefined;
    this.#crew = crew;
    this.#hasReportedSettled = false;
    this.#earlyMessages = this.#earlyMessages.filter((message) => message.crew >= crew.crew);
    for (const network of networks) {
      if (weights[network]?.version !== crew.weightsVersions[network]) delete weights[network];
      for (const [slice, { state }] of this.#kept[network]) {
        if (!this.#holds(network, slice) || state.updates !== crew.weightsVersions[network])
          this.#kept[network].delete(slice);
      }
    }
    post.meet(crew.members.filter((_, number) => number !== crew.self));
    this.reportIfSettled();
  }

  /** Takes the state of a slice, which the coordinator sends to a new owner or backup. */
  takeSeed({ network, slice, updates, beta1Power, beta2Power, weights, firstMoments, secondMoments, ema }: Seed): void {
    const floats = this.#slices[network][slice]?.layout.size;
    const arrays = [weights, firstMoments, secondMoments, ...(network === 'generator' ? [ema] : [])];
    assert(
      arrays.every(({ length }) => length === floats),
      'a slice has the size that the layout gives it',
    );
    this.#kept[network].set(slice, {
      state: { weights, firstMoments, secondMoments, beta1Power, beta2Power, updates },
      ema,
      isShared: false,
    });
    this.reportIfSettled();
  }

  /**
   * Tells the coordinator, once for each crew, that this member has all weights and states that its place in the crew
   * needs.
   */
  reportIfSettled(): void {
    const crew = this.#crew;
    if (crew === undefined || this.#hasReportedSettled) return;
    const isComplete = networks.every(
      (network) =>
        this.#options.weights[network]?.version === crew.weightsVersions[network] &&
        this.#slices[network].every(
          (_, slice) =>
            !this.#holds(network, slice) ||
            this.#kept[network].get(slice)?.state.updates === crew.weightsVersions[network],
        ),
    );
    if (!isComplete) return;
    this.#hasReportedSettled = true;
    this.#options.post.report({ kind: 'settled', ...this.#options.header, crew: crew.crew });
  }

  /** Begins a round, and handles the messages of this round that arrived earlier. */
  beginRound({ crew, step, phase, turn }: Begin): void {
    if (this.#crew?.crew !== crew) return;
    const { config, arithmetic } = this.#options;
    this.#hasReportedRound = false;
    this.#updateMs = 0;
    this.#round = new SlicedRound({
      place: { step, phase, turn },
      role: roleOf(this.#crew, phase),
      slices: this.#slices[phase],
      shardCount: config.batchSize / config.shardSize,
      optimizer: adamAfter(config.optimizer[phase], (step - 1) * imagesPerStep(config)),
      wire: config.wire,
      arithmetic,
      stateOf: (slice) => this.#keptSlice(phase, slice).state,
      send: (...parts) => this.#send(...parts),
    });
    const early = this.#earlyMessages;
    this.#earlyMessages = [];
    for (const message of early) this.receive(message);
  }

  /** Sends the partial sums of a lease to the owners of their slices. Ignores a lease of another crew or round. */
  contribute(lease: Place & Pick<Work, 'crew' | 'subtrees'>, sums: readonly Float32Array[]): void {
    const round = this.#round;
    if (round === undefined || lease.crew !== this.crew || comparePlaces(lease, round.place) !== 0) return;
    this.#measure(() => round.contribute(lease.subtrees, sums));
  }

  /**
   * Handles a message of another member. Returns false if the message was dropped, because it belongs to a past crew or
   * round or has come before.
   */
  receive(message: PeerMessage): boolean {
    const { run, incarnation } = this.#options.header;
    if (message.run !== run || message.incarnation !== incarnation || message.crew < this.crew) return false;
    const round = this.#round;
    if (round === undefined || message.crew > this.crew || comparePlaces(message, round.place) > 0) {
      if (this.#earlyMessages.length >= mostEarlyMessages) return false;
      this.#earlyMessages.push(message);
      return true;
    }
    if (comparePlaces(message, round.place) < 0) return false;
    return this.#measure(() => round.take(message));
  }

  /** Sends the coordinator the slices that the coordinator asks for. */
  sendSlices({ gathering, slices }: Gather): void {
    const { post, header } = this.#options;
    this.#finishAverages();
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
    if (round !== undefined && !this.#hasReportedRound && (round.isWhole || round.notFinite !== undefined)) {
      this.#hasReportedRound = true;
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
    assert(
      this.#crew !== undefined && this.#round !== undefined,
      'members of a crew send only while a round is in work',
    );
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
    assert(kept !== undefined, 'a member keeps the states of the slices that it owns or backs up');
    return kept;
  }
}

function roleOf({ self, members, owners, backups }: Crew, network: Network): Role {
  return { self, memberCount: members.length, owners: owners[network], backups: backups[network] };
}
