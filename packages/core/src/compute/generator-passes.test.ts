import { expect, it } from 'vitest';
import { createGeneratorPasses, type GeneratorPass } from './generator-passes.ts';

const weights = new Float32Array(1);
function makePass() {
  let discarded = 0;
  const pass: GeneratorPass = { outputs: {}, finish: async () => ({}), discard: () => void (discarded += 1) };
  return { pass, discarded: () => discarded };
}

it('gives a pass back once, for the same step, shard and weights', () => {
  const kept = createGeneratorPasses();
  const { pass } = makePass();
  kept.keep(3, 1, weights, pass);
  expect(kept.take(3, 0, weights)).toBeUndefined();
  expect(kept.take(4, 1, weights)).toBeUndefined();
  expect(kept.take(3, 1, new Float32Array(1))).toBeUndefined();
  expect(kept.take(3, 1, weights)).toBe(pass);
  expect(kept.take(3, 1, weights)).toBeUndefined();
});

it('discards passes of past weights, a second pass of the same shard, and more than eight passes', () => {
  const kept = createGeneratorPasses();
  const passes = Array.from({ length: 9 }, makePass);
  passes.forEach(({ pass }, shard) => kept.keep(1, shard, weights, pass));
  expect(passes.map(({ discarded }) => discarded())).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const twice = makePass();
  kept.keep(1, 0, weights, twice.pass);
  expect(twice.discarded()).toBe(1);
  kept.take(1, 0, weights);
  kept.keep(2, 0, weights, makePass().pass);
  expect(passes.map(({ discarded }) => discarded())).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1]);
});
