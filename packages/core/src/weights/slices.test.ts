import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLayouts } from '../model/network.ts';
import { createNetworkState, updateNetwork, type NetworkState } from '../optimizer/network-state.ts';
import { presets } from '../presets.ts';
import { createLayout, type Layout, type LayoutPart } from './layout.ts';
import { cutSlices, sliceLayout, sliceView, type Slice } from './slices.ts';

const layoutOf = (kernels: readonly number[], channels: number): Layout =>
  createLayout(
    kernels.flatMap((size, k): LayoutPart[] => [
      { name: `layer${k}/kernel`, shape: [size], role: 'trainable' },
      { name: `norm${k}/movingMean`, shape: [channels], role: 'state' },
      { name: `norm${k}/movingVariance`, shape: [channels], role: 'state' },
    ]),
  );
const layouts = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 700 }))
  .map(([kernels, channels]) => layoutOf(kernels, channels));
const numbers = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed) / 3);
const options = { learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };

it('covers every float once, in order, and never separates a mean from its variance', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const slices = cutSlices(layout);
      expect([slices[0].start, slices.at(-1)?.end]).toEqual([0, layout.size]);
      slices.slice(1).forEach(({ start }, k) => expect(start).toBe(slices[k].end));
      for (const { name, offset, size } of layout.entries.filter(({ role }) => role === 'state')) {
        const other = layout.entries.find(
          (entry) => entry.name === name.replace('movingMean', 'movingVariance'),
        ) as (typeof layout.entries)[0];
        const holding = slices.filter(({ start, end }) => start < other.offset + other.size && offset < end);
        expect([holding.length, size]).toEqual([1, other.size]);
      }
    }),
  );
});

it('cuts every preset into sixteen slices, none twice as large as another', () => {
  for (const { model } of presets.values()) {
    for (const layout of Object.values(createLayouts(model))) {
      const sizes = cutSlices(layout).map(({ start, end }) => end - start);
      expect(sizes).toHaveLength(16);
      expect(Math.max(...sizes)).toBeLessThan(2 * Math.min(...sizes));
    }
  }
});

it('gives the same bits whether a vector is updated as a whole or slice by slice', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const sums = [1, 2].map((seed) => numbers(layout.size, seed));
      const whole = sums.reduce(
        (state, sum) => updateNetwork(layout, state, sum, 3, options).state,
        createNetworkState(numbers(layout.size, 0)),
      );
      const updateSlice = (slice: Slice): NetworkState =>
        sums.reduce(
          (state, sum) => updateNetwork(sliceLayout(layout, slice), state, sliceView(sum, slice), 3, options).state,
          createNetworkState(numbers(layout.size, 0).slice(slice.start, slice.end)),
        );
      for (const slice of cutSlices(layout)) {
        const { weights, firstMoments, secondMoments, ...counters } = whole;
        const part = (vector: Float32Array) => vector.slice(slice.start, slice.end);
        expect(updateSlice(slice)).toEqual({
          weights: part(weights),
          firstMoments: part(firstMoments),
          secondMoments: part(secondMoments),
          ...counters,
        });
      }
    }),
    { numRuns: 30 },
  );
});

it('keeps the name of an entry of which only a part lies in the slice', () => {
  const layout = layoutOf([300, 300], 2);
  expect(
    sliceLayout(layout, { start: 100, end: 310 }).entries.map(({ name, offset, size }) => [name, offset, size]),
  ).toEqual([
    ['layer0/kernel', 0, 200],
    ['norm0/movingMean', 200, 2],
    ['norm0/movingVariance', 202, 2],
    ['layer1/kernel', 204, 6],
  ]);
});
