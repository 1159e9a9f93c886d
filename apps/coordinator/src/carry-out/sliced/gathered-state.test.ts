import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { NetworkState } from '@lstm-gan/core';
import { networks } from '@lstm-gan/core/weights';
import type { TrainingState } from '@lstm-gan/run';
import type { SliceState } from '@lstm-gan/transport';
import { GatheredState } from './gathered-state.ts';
import type { Slices } from '../../decide/plan.ts';
import type { Gathering } from '../../decide/sliced/sliced-state.ts';

const slices: Slices = {
  generator: [
    { start: 0, end: 3 },
    { start: 3, end: 5 },
  ],
  discriminator: [
    { start: 0, end: 1 },
    { start: 1, end: 4 },
  ],
};
const header = { run: 'r', incarnation: 1, membership: 1 };
const gathering = (id: number, step: number, isRecord: boolean): Gathering => ({
  id,
  asked: ['a'],
  versions: { generator: step, discriminator: step },
  step,
  isRecord,
});

/** A state of which no two floats are equal. */
function stateAt(step: number): TrainingState {
  const floats = (length: number, tenths: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 100 * step + 10 * tenths + i);
  const network = (length: number, tenths: number): NetworkState => ({
    weights: floats(length, tenths),
    firstMoments: floats(length, tenths + 1),
    secondMoments: floats(length, tenths + 2),
    beta1Power: 0.5 ** step,
    beta2Power: 0.9 ** step,
    updates: step,
  });
  return { step, generator: network(5, 0), discriminator: network(4, 3), ema: floats(5, 6) };
}

/** The slices of the state after `step`, as members send them for the gathering `id`. */
function slicesOf(step: number, id: number): SliceState[] {
  const whole = new GatheredState(stateAt(step), slices);
  return networks.flatMap((network) =>
    slices[network].map((_, slice) => ({
      kind: 'slice' as const,
      ...header,
      gathering: id,
      ...whole.slice(network, slice),
    })),
  );
}

let held: GatheredState;
beforeEach(() => {
  held = new GatheredState(stateAt(3), slices);
});

function gather(step: number, id: number, isRecord: boolean): void {
  held.expect(gathering(id, step, isRecord));
  slicesOf(step, id).forEach((slice) => held.take(slice));
}

describe('the state that a coordinator holds', () => {
  it('is put together from slices in any order, and changes with the last one', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(slicesOf(5, 1), { minLength: 4 }), (shuffled) => {
        const state = new GatheredState(stateAt(3), slices);
        state.expect(gathering(1, 5, true));
        const taken = shuffled.map((slice) => [state.take(slice)?.id, state.state.step]);
        expect(taken).toEqual([...Array.from({ length: 3 }, () => [undefined, 3]), [1, 5]]);
        expect(state.state).toEqual(stateAt(5));
      }),
    );
  });

  it('is given in slices, of the discriminator without an average', () => {
    expect(held.slice('generator', 1)).toMatchObject({
      network: 'generator',
      slice: 1,
      updates: 3,
      weights: stateAt(3).generator.weights.subarray(3),
      ema: stateAt(3).ema.subarray(3),
    });
    expect(held.slice('discriminator', 0)).toMatchObject({
      secondMoments: stateAt(3).discriminator.secondMoments.subarray(0, 1),
      ema: new Float32Array(0),
    });
  });

  it('takes nothing that it did not ask for, of other weights, or twice', () => {
    const [first, ...others] = slicesOf(5, 1);
    expect(held.take(first)).toBeUndefined();
    held.expect(gathering(1, 5, true));
    held.take(first);
    held.take(first);
    for (const slice of others.slice(0, -1)) held.take(slice);
    const last = others.at(-1) as SliceState;
    expect(held.take({ ...last, updates: 4 })).toBeUndefined();
    expect(held.state.step).toBe(3);
    expect(held.take(last)?.id).toBe(1);
    expect(held.take(last)).toBeUndefined();
  });

  it('forgets what will not come', () => {
    held.expect(gathering(1, 5, true));
    held.forget(gathering(1, 5, true));
    slicesOf(5, 1).forEach((slice) => held.take(slice));
    expect(held.state).toEqual(stateAt(3));
  });

  it('goes back to what was recorded last, not to what was gathered for a new crew alone', () => {
    gather(5, 1, true);
    gather(7, 2, false);
    expect(held.state).toEqual(stateAt(7));
    held.rewind();
    expect(held.state).toEqual(stateAt(5));
  });

  it('goes back to what it began with, where nothing was recorded', () => {
    gather(7, 1, false);
    held.rewind();
    expect(held.state).toEqual(stateAt(3));
  });
});
