/**
 * The coordinator: a loop that turns what happens into orders (advance) and carries them out. Arrays, sockets, clocks and
 * files are here; decisions are not.
 */
import { assert, createFold, createLayouts, leavesOf, plainArithmetic, UserError, type Fold, type Layout, type Network, type NetworkState, type VectorArithmetic } from '@lstm-gan/core';
import type { ReadShards } from '@lstm-gan/data';
import { layoutSha256, median, weightsSha256, type Logger, type RunConfig, type StepMetrics, type TrainingState } from '@lstm-gan/run';
import type { CoordinatorLink } from '@lstm-gan/transport';
import { advance } from './advance.ts';
import { applyUpdate } from './apply-update.ts';
import { batchNumber } from './batch-number.ts';
import { createCoordinatorState, type Computes, type CoordinatorEvent, type CoordinatorState, type Effect, type Plan } from './state.ts';
import { createStepClock, type StepClock } from './step-clock.ts';

export interface CoordinatorOptions {
  readonly config: RunConfig;
  /** Unique for the run; messages of another one are stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** What to go on from. */
  readonly initial: TrainingState;
  /** The step to stop behind. */
  readonly steps: number;
  readonly link: CoordinatorLink;
  /** Faster arithmetic of the same bits; core's own where there is none. */
  readonly arithmetic?: VectorArithmetic;
  readonly readShards: ReadShards;
  /** Hears what the first worker computes with, before anything is computed; throws if the run began otherwise. */
  readonly onIdentify?: (computes: Computes) => void;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Aborted to stop behind the step in work. */
  readonly signal: AbortSignal;
  /**
   * Hears of every committed step; must not keep the loop waiting. Returns whether it holds on to the state, whose arrays
   * then never change; otherwise they are used again.
   */
  readonly onCommit: (metrics: StepMetrics, state: TrainingState) => boolean;
  /** Asked behind every committed step, onCommit having heard of it: whether training may end there. */
  readonly isEnough?: () => boolean;
}

export interface TrainingResult {
  /** The last committed state. */
  readonly state: TrainingState;
  readonly weightsSha256: string;
  /** Median after the fifth step; NaN for shorter runs. */
  readonly imagesPerSecond: number;
  readonly losses: StepMetrics['losses'] | undefined;
  readonly droppedContributions: number;
}

/** Trains until `steps` are committed or the signal stops it; throws a UserError when training cannot go on. */
export async function startCoordinator(options: CoordinatorOptions): Promise<TrainingResult> {
  const training = new Training(options);
  const onAbort = (): void => {
    training.happen({ kind: 'stop' });
    // Where nobody is at work there is nothing to wait for, and no event to hear that from.
    if (training.isFinished) void options.link.close();
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!training.isFinished) {
      if (options.signal.aborted) onAbort();
      for await (const event of options.link.events()) {
        training.happen(event);
        if (training.isFinished) break;
      }
    }
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    await options.link.close();
  }
  return training.result();
}

function planOf({ config, run, incarnation, steps }: CoordinatorOptions, layouts: Readonly<Record<Network, Layout>>): Plan {
  return {
    run,
    incarnation,
    shardCount: config.batchSize / config.shardSize,
    discriminatorSteps: config.discriminatorSteps,
    lastStep: steps,
    engine: config.engine,
    threads: config.threads,
    config: JSON.stringify(config),
    layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
    layoutSizes: { generator: layouts.generator.size, discriminator: layouts.discriminator.size },
  };
}

/** What goes with the decisions' state: arrays, the fold of the round, measurements. */
class Training {
  readonly #options: CoordinatorOptions;
  readonly #arithmetic: VectorArithmetic;
  readonly #layouts: Readonly<Record<Network, Layout>>;
  readonly #plan: Plan;
  readonly #clock: StepClock;
  readonly #rates: number[] = [];
  #decided: CoordinatorState;
  /** Moves with every phase; `committed` with every step. */
  #working: TrainingState;
  #committed: TrainingState;
  /** The one before it, until nothing reads its arrays any more; unless somebody holds it. */
  #past: { readonly state: TrainingState; readonly membership: number } | undefined;
  /** Whether somebody else holds the committed state; of the initial one, whoever gave it. */
  #isHeld = true;
  /** Membership at the last commit, and at the one before. */
  #memberships: readonly [number, number] = [0, 0];
  #fold: Fold;
  #lastMetrics: StepMetrics | undefined;
  #failure: UserError | undefined;

  constructor(options: CoordinatorOptions) {
    const { initial, config, now } = options;
    this.#options = options;
    this.#arithmetic = options.arithmetic ?? plainArithmetic;
    this.#layouts = createLayouts(config.model);
    this.#plan = planOf(options, this.#layouts);
    this.#clock = createStepClock(now());
    const versions = { generator: initial.generator.updates, discriminator: initial.discriminator.updates };
    this.#decided = createCoordinatorState(this.#plan, initial.step, versions);
    this.#working = initial;
    this.#committed = initial;
    this.#fold = this.#createFold();
  }

  #createFold(): Fold {
    return createFold({ start: 0, end: this.#plan.shardCount }, this.#arithmetic);
  }

  get isFinished(): boolean {
    return this.#decided.finished;
  }

  /** Decides what follows from an event, and does it. */
  happen(event: CoordinatorEvent): void {
    const { state, effects } = advance(this.#decided, event);
    this.#decided = state;
    for (const effect of effects) this.#perform(effect);
  }

  result(): TrainingResult {
    this.#arithmetic.settle();
    if (this.#failure !== undefined) throw this.#failure;
    const { generator, discriminator } = this.#committed;
    return {
      state: this.#committed,
      weightsSha256: weightsSha256(generator.weights, discriminator.weights),
      imagesPerSecond: median(this.#rates),
      losses: this.#lastMetrics?.losses,
      droppedContributions: this.#decided.droppedContributions,
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
        effect.contribution.subtrees.forEach((range, i) => this.#fold.add(range, effect.contribution.sums[i]));
        return this.#clock.contributed(effect.worker, effect.contribution);
      case 'update':
        return this.#update(effect.phase);
      case 'identify':
        return this.#options.onIdentify?.(effect.computes);
      case 'commit':
        return this.#commit(effect.step);
      case 'disconnect':
        return link.disconnect(effect.peer);
      case 'log':
        return log[effect.level](effect.text);
      case 'abort':
        this.#failure = new UserError(effect);
        return;
      case 'finish':
        return;
    }
  }

  #send(effect: Extract<Effect, { kind: 'send-weights' | 'send-work' }>): void {
    const { link, readShards } = this.#options;
    const header = { run: this.#plan.run, incarnation: this.#plan.incarnation, membership: this.#decided.membership };
    if (effect.kind === 'send-weights') {
      const { peer, network, version } = effect;
      return link.send(peer, { kind: 'weights', ...header, network, version, values: this.#working[network].weights });
    }
    const { step, phase, turn } = effect.round;
    const subtrees = [effect.lease.range];
    const isRead = phase === 'discriminator' || step < this.#plan.lastStep;
    const images = isRead ? readShards(batchNumber(effect.round, this.#plan.discriminatorSteps), subtrees) : new Uint8Array(0);
    const place = { step, phase, turn, lease: effect.lease.id, weightsVersions: this.#decided.versions };
    link.send(effect.peer, { kind: 'work', ...header, ...place, subtrees, images });
  }

  #update(network: Network): void {
    const { now, config } = this.#options;
    const startMs = now();
    const sum = this.#fold.total();
    assert(sum !== undefined, 'an update comes when every shard is in the sum');
    this.#releasePast();
    const before = this.#working[network];
    this.#working = applyUpdate(this.#working, network, sum, config, this.#layouts, this.#arithmetic);
    // Between two discriminator phases of a step, nobody else has seen the state.
    if (before !== this.#committed[network]) this.#releaseMoments(before);
    for (const vector of leavesOf(sum)) this.#arithmetic.release(vector);
    this.#fold = this.#createFold();
    const endMs = now();
    this.#clock.updated(network, endMs - startMs, endMs);
    this.happen({ kind: 'updated' });
  }

  #commit(step: number): void {
    const { config, initial, now, onCommit, isEnough } = this.#options;
    this.#past = this.#isHeld ? undefined : { state: this.#committed, membership: this.#memberships[1] };
    this.#committed = this.#working;
    this.#memberships = [this.#decided.membership, this.#memberships[0]];
    this.#lastMetrics = this.#clock.finish(step, config.batchSize * config.discriminatorSteps, now());
    if (step - initial.step > 5) this.#rates.push(this.#lastMetrics.imagesPerSecond);
    this.#isHeld = onCommit(this.#lastMetrics, this.#committed);
    // Whoever holds it may read it at once; otherwise the EMA moves on while the new weights go out and the workers compute.
    if (this.#isHeld) this.#arithmetic.settle();
    this.happen({ kind: 'committed', isEnough: isEnough?.() ?? false });
  }

  /**
   * Gives back the arrays of the state that is past, from which the EMA may have been on its way until now. Its weights
   * were sent since the commit before it, each time with work that has come back: who was sent them has them, and they are
   * no longer on their way, unless somebody left meanwhile. Then they are left to the garbage collector; if it had them all,
   * it would run in every step.
   */
  #releasePast(): void {
    this.#arithmetic.settle();
    if (this.#past === undefined) return;
    const { state: { generator, discriminator, ema }, membership } = this.#past;
    this.#past = undefined;
    const isDelivered = membership === this.#decided.membership;
    for (const state of [generator, discriminator]) {
      this.#releaseMoments(state);
      if (isDelivered) this.#arithmetic.release(state.weights);
    }
    this.#arithmetic.release(ema);
  }

  #releaseMoments({ firstMoments, secondMoments }: NetworkState): void {
    this.#arithmetic.release(firstMoments);
    this.#arithmetic.release(secondMoments);
  }
}
