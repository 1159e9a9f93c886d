import type { Network } from '@lstm-gan/core';
import type { TrainingState } from '@lstm-gan/run';
import type { CoordinatorLink, RunHeader } from '@lstm-gan/transport';
import type { CoordinatorEvent } from '../../decide/effects.ts';
import type { Slices } from '../../decide/plan.ts';
import type { CrewEffect } from '../../decide/sliced/sliced-state.ts';
import type { ExchangeArrays } from '../exchange-arrays.ts';
import { GatheredState } from './gathered-state.ts';

export interface SlicedArraysOptions {
  readonly initial: TrainingState;
  readonly slices: Slices;
  readonly link: Pick<CoordinatorLink, 'send'>;
  readonly header: () => RunHeader;
  /** Called with the event that answers an effect. */
  readonly report: (event: CoordinatorEvent) => void;
  readonly onState?: (state: TrainingState) => void;
  readonly onRewind: (step: number) => void;
}

/**
 * The arrays of a run in the sliced exchange. The crew folds and updates; the coordinator seeds it and gathers its
 * state. Tests: exchange-contract.test.ts, training.test.ts.
 */
export class SlicedArrays implements ExchangeArrays {
  readonly #options: SlicedArraysOptions;
  readonly #gathered: GatheredState;

  constructor(options: SlicedArraysOptions) {
    this.#options = options;
    this.#gathered = new GatheredState(options.initial, options.slices);
  }

  get state(): TrainingState {
    return this.#gathered.state;
  }

  weightsOf(network: Network): Float32Array {
    return this.#gathered.state[network].weights;
  }

  collect(): void {
    // Nothing to do: the sums went to the slices' owners.
  }

  update(): void {
    // Nothing to do: the owners have updated their slices, and every member has the new weights.
  }

  commit(): void {
    // Nothing to do: the members hold the committed state.
  }

  /** Returns nothing yet: the state is gathered while training goes on, and then given to `onState`. */
  keep(): undefined {
    return undefined;
  }

  carryOut(effect: CrewEffect): void {
    const { link, header, report, onState, onRewind } = this.#options;
    switch (effect.kind) {
      case 'seed': {
        const slice = this.#gathered.slice(effect.network, effect.slice);
        return link.send(effect.connection, { kind: 'seed', ...header(), crew: effect.crew, ...slice });
      }
      case 'await-slices':
        return this.#gathered.expect(effect.gathering);
      case 'forget-slices':
        return this.#gathered.forget(effect.gathering);
      case 'collect-slice': {
        const gathering = this.#gathered.take(effect.slice);
        if (gathering === undefined) return;
        if (gathering.isRecord) onState?.(this.#gathered.state);
        return report({ kind: 'gathered', gathering: gathering.id });
      }
      case 'rewind':
        this.#gathered.rewind();
        return onRewind(effect.step);
    }
  }
}
