/**
 * The state of a run as its coordinator holds it in the sliced exchange. At first it is the initial state. Later it is
 * the state that was gathered last: members send its slices, and this class puts them together. Each gathering makes
 * new arrays, because the old ones may be on their way to a checkpoint or a worker.
 */
import type { Network, NetworkState } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { networks, sliceView } from '@lstm-gan/core/weights';
import type { TrainingState } from '@lstm-gan/run';
import type { RunHeader, SliceState } from '@lstm-gan/transport';
import type { Slices } from '../../decide/plan.ts';
import type { Gathering } from '../../decide/sliced/sliced-state.ts';

export class GatheredState {
  readonly #slices: Slices;
  readonly #expected = new Map<number, { readonly gathering: Gathering; readonly assembly: Assembly }>();
  #state: TrainingState;
  #recorded: TrainingState;

  constructor(initial: TrainingState, slices: Slices) {
    this.#slices = slices;
    this.#state = initial;
    this.#recorded = initial;
  }

  /** The initial state, the state that was gathered last, or after `rewind` the newest recorded state. */
  get state(): TrainingState {
    return this.#state;
  }

  expect(gathering: Gathering): void {
    this.#expected.set(gathering.id, { gathering, assembly: createAssembly(this.#slices, gathering) });
  }

  forget({ id }: Gathering): void {
    this.#expected.delete(id);
  }

  /** Takes a slice. If this was the last missing slice of its gathering, returns the gathering. */
  take(slice: SliceState): Gathering | undefined {
    const expected = this.#expected.get(slice.gathering);
    const state = expected?.assembly.take(slice);
    if (expected === undefined || state === undefined) return undefined;
    const { gathering } = expected;
    this.forget(gathering);
    this.#state = state;
    if (gathering.isRecord && state.step > this.#recorded.step) this.#recorded = state;
    return gathering;
  }

  /** Goes back to the newest recorded state. */
  rewind(): void {
    this.#state = this.#recorded;
  }

  /** Returns the state of a slice, for its new owner or backup. The arrays are views of the whole state. */
  slice(network: Network, slice: number): Omit<SliceState, 'kind' | 'gathering' | keyof RunHeader> {
    const { weights, firstMoments, secondMoments, beta1Power, beta2Power, updates } = this.#state[network];
    const place = this.#slices[network][slice];
    return {
      network,
      slice,
      updates,
      beta1Power,
      beta2Power,
      weights: sliceView(weights, place),
      firstMoments: sliceView(firstMoments, place),
      secondMoments: sliceView(secondMoments, place),
      ema: network === 'generator' ? sliceView(this.#state.ema, place) : new Float32Array(0),
    };
  }
}

interface Assembly {
  /**
   * Takes a slice. Ignores a slice that has other versions than the gathering, and a slice that has already come. After
   * the last slice, returns the whole state.
   */
  take(slice: SliceState): TrainingState | undefined;
}

function createAssembly(slices: Slices, { versions, step }: Gathering): Assembly {
  const missing = { generator: new Set(slices.generator.keys()), discriminator: new Set(slices.discriminator.keys()) };
  const parts: Partial<Record<Network, NetworkState>> = {};
  let ema: Float32Array | undefined;
  return {
    take(slice) {
      const { network, updates, beta1Power, beta2Power } = slice;
      if (updates !== versions[network] || !missing[network].delete(slice.slice)) return undefined;
      const { start } = slices[network][slice.slice];
      const size = slices[network].at(-1)?.end ?? 0;
      const part = (parts[network] ??= {
        weights: new Float32Array(size),
        firstMoments: new Float32Array(size),
        secondMoments: new Float32Array(size),
        beta1Power,
        beta2Power,
        updates,
      });
      for (const name of ['weights', 'firstMoments', 'secondMoments'] as const) part[name].set(slice[name], start);
      if (network === 'generator') (ema ??= new Float32Array(size)).set(slice.ema, start);
      if (networks.some((name) => missing[name].size > 0)) return undefined;
      const { generator, discriminator } = parts;
      assert(
        generator !== undefined && discriminator !== undefined && ema !== undefined,
        'a state without missing slices is whole',
      );
      return { step, generator, discriminator, ema };
    },
  };
}
