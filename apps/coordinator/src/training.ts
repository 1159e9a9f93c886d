/**
 * The coordinator's side of a run. `advance` decides which effects follow from an event; `Training` carries these
 * effects out. `Training` keeps the arrays and the measurements. Its caller waits for sockets, timers and signals.
 */
import { createLayouts } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { cutSlices } from '@lstm-gan/core/weights';
import { imagesPerStep, median, weightsSha256, type StepMetrics } from '@lstm-gan/run';
import type { RunHeader } from '@lstm-gan/transport';
import { advance } from './advance.ts';
import { createComparison } from './carry-out/compare-contributions.ts';
import type { ExchangeArrays } from './carry-out/exchange-arrays.ts';
import { createReadAhead } from './carry-out/read-ahead.ts';
import { SentWeights } from './carry-out/sent-weights.ts';
import { SlicedArrays } from './carry-out/sliced/sliced-arrays.ts';
import { StarArrays } from './carry-out/star/star-arrays.ts';
import { createStepClock } from './carry-out/step-clock.ts';
import type { CoordinatorOptions, TrainingResult } from './coordinator-options.ts';
import type { CoordinatorEvent, Effect } from './decide/effects.ts';
import { createPlan, type Plan } from './decide/plan.ts';
import { createCoordinatorState, type CoordinatorState } from './decide/state.ts';
import { collect, commit, compare, sendWeights, sendWork, update, type StepTools } from './train-step.ts';

export class Training {
  readonly #options: CoordinatorOptions;
  readonly #tools: StepTools;
  /** The state that `advance` returned last. */
  #decided: CoordinatorState;
  /** Events that are not handled yet. */
  readonly #events: CoordinatorEvent[] = [];
  #isHandling = false;
  readonly #rates: number[] = [];
  #lastMetrics: StepMetrics | undefined;
  #failure: UserError | undefined;

  constructor(options: CoordinatorOptions) {
    const { config, initial, link, now, onCommit, onState, isEnough } = options;
    const arithmetic = options.arithmetic ?? plainArithmetic;
    const layouts = createLayouts(config.model);
    const slices = { generator: cutSlices(layouts.generator), discriminator: cutSlices(layouts.discriminator) };
    const plan = createPlan(options, layouts, slices);
    const sent = new SentWeights(config.wire, arithmetic);
    const clock = createStepClock(now());
    const disturbances = (): number => this.#decided.membership + this.#decided.copiedLeases;
    const onRewind = (step: number): void => {
      clock.restart(now());
      options.onRewind?.(step);
    };
    const arrays: ExchangeArrays =
      plan.exchange === 'star'
        ? new StarArrays({ initial, config, layouts, arithmetic, sent, disturbances })
        : new SlicedArrays({
            initial,
            slices,
            link,
            header: () => this.#header,
            report: (event) => this.handle(event),
            onState,
            onRewind,
          });
    this.#options = options;
    this.#tools = {
      plan,
      arrays,
      arithmetic,
      readShards: createReadAhead(options.readShards, plan.shardCount),
      sent,
      link,
      clock,
      comparison: createComparison(),
      now,
      imagesPerStep: imagesPerStep(config),
      onCommit,
      onState,
      isEnough,
    };
    const versions = { generator: initial.generator.updates, discriminator: initial.discriminator.updates };
    this.#decided = createCoordinatorState(plan, initial.step, versions);
  }

  get isFinished(): boolean {
    return this.#decided.finished;
  }

  /**
   * Lets `advance` decide the effects of an event, and carries the effects out. If carrying out an effect gives a new
   * event, the new event waits until all effects that are already decided are carried out. So effects are carried out
   * in the order in which they were decided, and no effect follows the end of the run.
   */
  handle(event: CoordinatorEvent): void {
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const { state, effects } = advance(this.#decided, next, this.#options.now());
        this.#decided = state;
        for (const effect of effects) this.#carryOut(effect);
      }
    } finally {
      this.#isHandling = false;
    }
  }

  result(): TrainingResult {
    const { arithmetic, arrays } = this.#tools;
    arithmetic.finishPending();
    if (this.#failure !== undefined) throw this.#failure;
    const { generator, discriminator } = arrays.state;
    return {
      state: arrays.state,
      weightsSha256: weightsSha256(generator.weights, discriminator.weights),
      imagesPerSecond: median(this.#rates),
      losses: this.#lastMetrics?.losses,
      droppedContributions: this.#decided.droppedContributions,
      copiedLeases: this.#decided.copiedLeases,
    };
  }

  get #header(): RunHeader {
    const { run, incarnation } = this.#tools.plan;
    return { run, incarnation, membership: this.#decided.membership };
  }

  #carryOut(effect: Effect): void {
    const { link, log, onIdentify } = this.#options;
    switch (effect.kind) {
      case 'send-weights':
        return sendWeights(this.#tools, this.#header, effect);
      case 'send-work':
        return sendWork(this.#tools, this.#header, effect, this.#decided);
      case 'collect':
        return collect(this.#tools, effect);
      case 'compare': {
        const differed = compare(this.#tools, effect);
        return differed === undefined ? undefined : this.handle(differed);
      }
      case 'update':
        return this.handle(update(this.#tools, effect));
      case 'commit':
        return this.#commit(effect);
      case 'redo':
        return this.#tools.clock.forgetRound();
      case 'send':
        return link.send(effect.connection, effect.message);
      case 'disconnect':
        return link.disconnect(effect.connection);
      case 'watch':
        return this.#watch(effect.connection);
      case 'identify':
        return onIdentify?.(effect.computes);
      case 'log':
        return log[effect.level](effect.about ?? {}, effect.text);
      case 'abort':
        this.#failure = new UserError(effect);
        return;
      case 'finish':
        return;
      default:
        return this.#tools.arrays.carryOut(effect);
    }
  }

  #commit(effect: Extract<Effect, { kind: 'commit' }>): void {
    const { metrics, event } = commit(this.#tools, effect);
    this.#lastMetrics = metrics;
    // The first five steps do not count. They are slower than later steps, because TensorFlow prepares graphs and
    // memory is allocated.
    if (effect.step - this.#options.initial.step > 5) this.#rates.push(metrics.imagesPerSecond);
    this.handle(event);
  }

  /**
   * A worker with the eager engine is not watched. The eager engine computes on JavaScript's thread, so the worker
   * cannot answer pings while it computes.
   */
  #watch(connection: string): void {
    const { plan, link } = this.#tools;
    if (plan.engine === 'graph') link.watch(connection, longestSilenceMs(plan));
  }
}

/**
 * Returns a time in milliseconds: a worker that gives no sign of life for so long counts as lost. It is the time in
 * which a worker adds up and copies its arrays at 1 GB/s, and a little more.
 */
function longestSilenceMs({ layoutSizes }: Plan): number {
  return 800 + ((layoutSizes.generator + layoutSizes.discriminator) * Float32Array.BYTES_PER_ELEMENT) / 1e6;
}
