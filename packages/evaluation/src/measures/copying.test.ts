import { normalNoise, streamKey } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { copying } from './copying.ts';

const draw = (rows: number, width: number, shard: number) => ({
  values: normalNoise(streamKey({ seed: 1, purpose: 'probe', shard }), rows * width),
  width,
});

it('tells copies from new samples of the same distribution', async () => {
  const real = draw(300, 6, 1);
  const fresh = await copying(draw(300, 6, 2), real);
  expect(fresh.nearness).toBeGreaterThan(0.9);
  expect(fresh.nearness).toBeLessThan(1.1);
  expect(fresh.share).toBeLessThan(0.05);
  const noise = draw(300, 6, 3).values;
  const copies = await copying({ values: real.values.map((value, i) => value + 0.01 * noise[i]), width: 6 }, real);
  expect(copies.nearness).toBeLessThan(0.1);
  expect(copies.share).toBeGreaterThan(0.95);
});
