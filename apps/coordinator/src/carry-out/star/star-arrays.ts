import type { Layout, Network, NetworkState } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { createFold, leavesOf, type Fold } from '@lstm-gan/core/fold';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { applyUpdate } from '@lstm-gan/core/training';
import type { RunConfig, TrainingState } from '@lstm-gan/run';
import type { Contribution } from '@lstm-gan/transport';
import type { ExchangeArrays } from '../exchange-arrays.ts';
import type { SentWeights } from '../sent-weights.ts';

export interface StarArraysOptions {
  readonly initial: TrainingState;
  readonly config: RunConfig;
  readonly layouts: Readonly<Record<Network, Layout>>;
  readonly arithmetic: VectorArithmetic;
  readonly sent: SentWeights;
  /**
   * Returns the number of lost workers and copied leases so far. After such an event, a message that was sent before it
   * may never arrive. Joins are counted too, which does no harm.
   */
  readonly disturbances: () => number;
}

/**
 * The arrays of a run in the star: the fold of the round, and the state, which gets new arrays at every update.
 *
 * Old arrays are released as soon as nothing reads them any more. If the garbage collector had to free them, it would
 * run in every step. Tests: exchange-contract.test.ts, training.test.ts.
 */
export class StarArrays implements ExchangeArrays {
  readonly #options: StarArraysOptions;
  #fold: Fold;
  /** The state after the newest update. */
  #working: TrainingState;
  /** The state after the newest committed step. */
  #committed: TrainingState;
  /**
   * True if the caller holds the committed state, so that its arrays must not be freed. True at first, because the
   * caller holds the initial state.
   */
  #isHeld = true;
  /** The state before the committed one, until its arrays are released. Undefined if the caller holds that state. */
  #past: { readonly state: TrainingState; readonly disturbances: number } | undefined;
  /** The number of disturbances at the last commit, and at the commit before it. */
  #disturbancesThen: readonly [number, number] = [0, 0];

  constructor(options: StarArraysOptions) {
    this.#options = options;
    this.#working = options.initial;
    this.#committed = options.initial;
    this.#fold = this.#createFold();
  }

  get state(): TrainingState {
    return this.#committed;
  }

  weightsOf(network: Network): Float32Array {
    return this.#working[network].weights;
  }

  collect({ subtrees, sums }: Contribution): void {
    subtrees.forEach((subtree, k) => this.#fold.add(subtree, sums[k]));
  }

  update(network: Network): void {
    const { config, layouts, arithmetic } = this.#options;
    const sum = this.#fold.total();
    assert(sum !== undefined, 'an update comes when every shard is in the sum');
    // The past state is released only now, because the release waits for the EMA of the step before. That EMA may take
    // as long as the discriminator's phase.
    if (network === 'generator') this.#releasePast();
    const before = this.#working[network];
    this.#working = applyUpdate(this.#working, network, sum, config, layouts, arithmetic);
    // A state between two discriminator phases of one step is never committed, so nothing reads its moments after the
    // update.
    if (before !== this.#committed[network]) releaseMoments(before, arithmetic);
    for (const vector of leavesOf(sum)) arithmetic.release(vector);
    this.#fold = this.#createFold();
  }

  commit(): void {
    this.#past = this.#isHeld ? undefined : { state: this.#committed, disturbances: this.#disturbancesThen[1] };
    this.#committed = this.#working;
    this.#disturbancesThen = [this.#options.disturbances(), this.#disturbancesThen[0]];
    this.#isHeld = false;
  }

  keep(): TrainingState {
    this.#isHeld = true;
    // The caller may read the EMA at once, so the EMA must be complete. After steps whose state the caller does not
    // keep, the EMA is computed in the background, while the workers get the new weights and compute.
    this.#options.arithmetic.finishPending();
    return this.#committed;
  }

  carryOut(): void {
    assert(false, 'the star has no crew');
  }

  #createFold(): Fold {
    const { config, arithmetic } = this.#options;
    return createFold({ start: 0, end: config.batchSize / config.shardSize }, arithmetic);
  }

  /**
   * Releases the arrays of the past state, when the EMA is no longer computed from them. The weights of that state have
   * arrived at all workers, because the contributions computed with them are here. Exception: if a worker was lost or a
   * lease was copied meanwhile, a message with these weights may still be on its way. Then the weights are left to the
   * garbage collector.
   */
  #releasePast(): void {
    const { arithmetic, sent, disturbances } = this.#options;
    arithmetic.finishPending();
    if (this.#past === undefined) return;
    const { generator, discriminator, ema } = this.#past.state;
    const haveArrived = this.#past.disturbances === disturbances();
    this.#past = undefined;
    for (const state of [generator, discriminator]) {
      releaseMoments(state, arithmetic);
      if (haveArrived) sent.release(state.weights);
    }
    arithmetic.release(ema);
  }
}

function releaseMoments({ firstMoments, secondMoments }: NetworkState, { release }: VectorArithmetic): void {
  release(firstMoments);
  release(secondMoments);
}
