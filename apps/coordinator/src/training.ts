/**
 * A run as its coordinator carries it out: what happens goes in, and what `advance` orders is done. Arrays and measurements
 * are here; decisions are not, nor what waits: sockets, timers and signals.
 */
import {
  assert,
  createFold,
  createLayouts,
  cutSlices,
  leavesOf,
  plainArithmetic,
  UserError,
  type Fold,
  type Layout,
  type Network,
  type NetworkState,
  type VectorArithmetic,
} from '@lstm-gan/core';
import type { ReadShards } from '@lstm-gan/data';
import { median, weightsSha256, type StepMetrics, type TrainingState } from '@lstm-gan/run';
import type { Contribution, RunHeader, SliceState } from '@lstm-gan/transport';
import { advance } from './advance.ts';
import { applyUpdate } from './carry-out/apply-update.ts';
import { batchNumber } from './carry-out/batch-number.ts';
import type { CoordinatorOptions, TrainingResult } from './coordinator-options.ts';
import { createComparison } from './carry-out/compare-contributions.ts';
import { createPlan } from './decide/create-plan.ts';
import { HeldState } from './carry-out/sliced/held-state.ts';
import { createReadAhead } from './carry-out/read-ahead.ts';
import { SentWeights } from './carry-out/sent-weights.ts';
import {
  createCoordinatorState,
  type CoordinatorEvent,
  type CoordinatorState,
  type Effect,
  type Plan,
} from './decide/state.ts';
import { createStepClock, type StepClock } from './carry-out/step-clock.ts';

type SlicedEffect = Extract<
  Effect,
  { kind: 'seed' | 'await-slices' | 'forget-slices' | 'collect-slice' | 'complete' | 'redo' | 'rewind' }
>;

/** What goes with the decisions' state: arrays, the fold of the round, measurements. */
export class Training {
  readonly #options: CoordinatorOptions;
  readonly #arithmetic: VectorArithmetic;
  readonly #layouts: Readonly<Record<Network, Layout>>;
  readonly #plan: Plan;
  readonly #clock: StepClock;
  readonly #rates: number[] = [];
  #decided: CoordinatorState;
  /** Star: moves with every phase; `committed` with every step. */
  #working: TrainingState;
  #committed: TrainingState;
  /** The one before it, until nothing reads its arrays any more; unless somebody holds it. */
  #past: { readonly state: TrainingState; readonly disturbances: number } | undefined;
  /** Whether somebody else holds the committed state; of the initial one, whoever gave it. */
  #isHeld = true;
  /** How many there had been at the last commit, and at the one before. */
  #disturbancesThen: readonly [number, number] = [0, 0];
  #fold: Fold;
  /** Sliced: the round's, which count when it is complete. */
  #contributions: { readonly worker: string; readonly contribution: Contribution }[] = [];
  readonly #held: HeldState;
  readonly #readShards: ReadShards;
  readonly #comparison = createComparison();
  readonly #sent: SentWeights;
  #lastMetrics: StepMetrics | undefined;
  #failure: UserError | undefined;

  constructor(options: CoordinatorOptions) {
    const { initial, config, now } = options;
    this.#options = options;
    this.#arithmetic = options.arithmetic ?? plainArithmetic;
    this.#sent = new SentWeights(config.wire, this.#arithmetic);
    this.#layouts = createLayouts(config.model);
    const slices = {
      generator: cutSlices(this.#layouts.generator),
      discriminator: cutSlices(this.#layouts.discriminator),
    };
    this.#plan = createPlan(options, this.#layouts, slices);
    this.#held = new HeldState(initial, slices);
    this.#readShards = createReadAhead(options.readShards, this.#plan.shardCount);
    this.#clock = createStepClock(now());
    const versions = { generator: initial.generator.updates, discriminator: initial.discriminator.updates };
    this.#decided = createCoordinatorState(this.#plan, initial.step, versions);
    this.#working = initial;
    this.#committed = initial;
    this.#fold = this.#createFold();
  }

  /** Counts what happened after which it is not certain any more that whoever was sent something has it. */
  get #disturbances(): number {
    return this.#decided.membership + this.#decided.copiedLeases;
  }

  #createFold(): Fold {
    return createFold({ start: 0, end: this.#plan.shardCount }, this.#arithmetic);
  }

  get isFinished(): boolean {
    return this.#decided.finished;
  }

  /** Decides what follows from an event, and does it. */
  happen(event: CoordinatorEvent): void {
    const { state, effects } = advance(this.#decided, event, this.#options.now());
    this.#decided = state;
    for (const effect of effects) this.#perform(effect);
  }

  result(): TrainingResult {
    this.#arithmetic.finishPending();
    if (this.#failure !== undefined) throw this.#failure;
    const state = this.#plan.exchange === 'sliced' ? this.#held.state : this.#committed;
    const { generator, discriminator } = state;
    return {
      state,
      weightsSha256: weightsSha256(generator.weights, discriminator.weights),
      imagesPerSecond: median(this.#rates),
      losses: this.#lastMetrics?.losses,
      droppedContributions: this.#decided.droppedContributions,
      copiedLeases: this.#decided.copiedLeases,
    };
  }

  #perform(effect: Effect): void {
    const { link, log } = this.#options;
    switch (effect.kind) {
      case 'send':
        return link.send(effect.peer, effect.message);
      case 'send-weights':
      case 'send-work':
        return this.#send(effect);
      case 'collect':
        return this.#collect(effect);
      case 'compare':
        return this.#compare(effect);
      case 'update':
        return this.#update(effect.phase);
      case 'identify':
        return this.#options.onIdentify?.(effect.computes);
      case 'commit':
        return this.#commit(effect.step);
      case 'disconnect':
        return link.disconnect(effect.peer);
      case 'watch':
        return this.#watch(effect.peer);
      case 'log':
        return log[effect.level](effect.text);
      case 'abort':
        this.#failure = new UserError(effect);
        return;
      case 'finish':
        return;
      default:
        return this.#performSliced(effect);
    }
  }

  /** The eager engine computes where a worker's program would answer. */
  #watch(peer: string): void {
    if (this.#plan.engine === 'graph') this.#options.link.watch(peer, silenceMs(this.#plan));
  }

  /** Orders of the sliced exchange. */
  #performSliced(effect: SlicedEffect): void {
    switch (effect.kind) {
      case 'seed': {
        const slice = this.#held.slice(effect.network, effect.slice);
        return this.#options.link.send(effect.peer, {
          kind: 'slice',
          ...this.#header(),
          gathering: effect.crew,
          ...slice,
        });
      }
      case 'await-slices':
        return this.#held.expect(effect.gathering);
      case 'forget-slices':
        return this.#held.forget(effect.gathering);
      case 'collect-slice':
        return this.#collectSlice(effect.slice);
      case 'complete':
        return this.#complete(effect.phase, effect.updateMs);
      case 'redo':
        return void (this.#contributions = []);
      case 'rewind':
        this.#held.rewind();
        this.#clock.restart(this.#options.now());
        return this.#options.onRewind?.(effect.step);
    }
  }

  #collect({ worker, contribution, lease }: Extract<Effect, { kind: 'collect' }>): void {
    if (lease !== undefined) this.#comparison.note(lease, worker, contribution);
    if (this.#plan.exchange === 'sliced') return void this.#contributions.push({ worker, contribution });
    contribution.subtrees.forEach((range, i) => this.#fold.add(range, contribution.sums[i]));
    this.#clock.contributed(worker, contribution);
  }

  #compare({ worker, contribution, lease }: Extract<Effect, { kind: 'compare' }>): void {
    const other = this.#comparison.whoDiffers(lease, contribution);
    for (const sum of contribution.sums) this.#arithmetic.release(sum);
    if (other !== undefined) this.happen({ kind: 'differed', workers: [other, worker], contribution });
  }

  /** A sliced round is complete: now its contributions count. */
  #complete(phase: Network, updateMs: number): void {
    for (const { worker, contribution } of this.#contributions.splice(0)) this.#clock.contributed(worker, contribution);
    this.#clock.updated(phase, updateMs, this.#options.now());
  }

  #collectSlice(slice: SliceState): void {
    const gathering = this.#held.take(slice);
    if (gathering === undefined) return;
    if (gathering.isRecord) this.#options.onState?.(this.#held.state);
    this.happen({ kind: 'gathered', gathering: gathering.id });
  }

  #header(): RunHeader {
    return { run: this.#plan.run, incarnation: this.#plan.incarnation, membership: this.#decided.membership };
  }

  #send(effect: Extract<Effect, { kind: 'send-weights' | 'send-work' }>): void {
    const { link } = this.#options;
    const header = this.#header();
    if (effect.kind === 'send-weights') {
      const { peer, network, version } = effect;
      const { weights } = (this.#plan.exchange === 'sliced' ? this.#held.state : this.#working)[network];
      return link.send(peer, { kind: 'weights', ...header, network, version, values: this.#sent.of(weights) });
    }
    const { step, phase, turn } = effect.round;
    const subtrees = effect.lease.ranges;
    const isRead = phase === 'discriminator' || step < this.#plan.lastStep;
    const images = isRead
      ? this.#readShards(batchNumber(effect.round, this.#plan.discriminatorSteps), subtrees)
      : new Uint8Array(0);
    const place = {
      step,
      phase,
      turn,
      crew: this.#decided.sliced?.crew ?? 0,
      lease: effect.lease.id,
      weightsVersions: this.#decided.versions,
    };
    link.send(effect.peer, { kind: 'work', ...header, ...place, subtrees, images });
  }

  #update(network: Network): void {
    const { now, config } = this.#options;
    const startMs = now();
    const sum = this.#fold.total();
    assert(sum !== undefined, 'an update comes when every shard is in the sum');
    // Not before: the EMA of the step that is past may take as long as the discriminator's phase.
    if (network === 'generator') this.#releasePast();
    const before = this.#working[network];
    this.#working = applyUpdate(this.#working, network, sum, config, this.#layouts, this.#arithmetic);
    // Between two discriminator phases of a step, nobody else has seen the state.
    if (before !== this.#committed[network]) releaseMoments(before, this.#arithmetic);
    for (const vector of leavesOf(sum)) this.#arithmetic.release(vector);
    this.#fold = this.#createFold();
    const endMs = now();
    this.#clock.updated(network, endMs - startMs, endMs);
    this.happen({ kind: 'updated' });
  }

  #commit(step: number): void {
    const { config, initial, now, onCommit, onState, isEnough } = this.#options;
    const isStar = this.#plan.exchange === 'star';
    if (isStar) {
      this.#past = this.#isHeld ? undefined : { state: this.#committed, disturbances: this.#disturbancesThen[1] };
      this.#committed = this.#working;
      this.#disturbancesThen = [this.#disturbances, this.#disturbancesThen[0]];
    }
    this.#lastMetrics = this.#clock.finish(step, config.batchSize * config.discriminatorSteps, now());
    if (step - initial.step > 5) this.#rates.push(this.#lastMetrics.imagesPerSecond);
    const isWanted = onCommit(this.#lastMetrics);
    this.#isHeld = isWanted;
    if (isStar && isWanted) {
      // Whoever holds it may read it at once; otherwise the EMA moves on while the new weights go out and the workers compute.
      this.#arithmetic.finishPending();
      onState?.(this.#committed);
    }
    this.happen({ kind: 'committed', isEnough: isEnough?.() ?? false, isWanted });
  }

  /**
   * Gives back the arrays of the state that is past, from which the EMA may have been on its way until now. Its weights
   * were sent since the commit before it, each time with work that has come back: who was sent them has them, and they are
   * no longer on their way, unless somebody left meanwhile, or was overtaken with its work. Then they are left to the garbage collector; if it had them all,
   * it would run in every step.
   */
  #releasePast(): void {
    this.#arithmetic.finishPending();
    if (this.#past === undefined) return;
    const {
      state: { generator, discriminator, ema },
      disturbances,
    } = this.#past;
    this.#past = undefined;
    const isDelivered = disturbances === this.#disturbances;
    for (const state of [generator, discriminator]) {
      releaseMoments(state, this.#arithmetic);
      if (isDelivered) this.#sent.release(state.weights);
    }
    this.#arithmetic.release(ema);
  }
}

/** How long a worker's program may be busy with itself: arrays of a GB/s, which it adds up, and else next to nothing. */
function silenceMs({ layoutSizes }: Plan): number {
  return 800 + ((layoutSizes.generator + layoutSizes.discriminator) * Float32Array.BYTES_PER_ELEMENT) / 1e6;
}

function releaseMoments({ firstMoments, secondMoments }: NetworkState, { release }: VectorArithmetic): void {
  release(firstMoments);
  release(secondMoments);
}
