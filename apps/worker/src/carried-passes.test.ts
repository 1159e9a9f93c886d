import { expect, it } from 'vitest';
import { createCarriedPasses, type GeneratorPass } from './carried-passes.ts';

const weights = new Float32Array(1);
function makePass() {
  let discarded = 0;
  const pass: GeneratorPass = { outputs: {}, finish: async () => ({}), discard: () => void (discarded += 1) };
  return { pass, discarded: () => discarded };
}

it('gives a pass back once, to the same step, shard and weights', () => {
  const carried = createCarriedPasses();
  const { pass } = makePass();
  carried.put(3, 1, weights, pass);
  expect(carried.take(3, 0, weights)).toBeUndefined();
  expect(carried.take(4, 1, weights)).toBeUndefined();
  expect(carried.take(3, 1, new Float32Array(1))).toBeUndefined();
  expect(carried.take(3, 1, weights)).toBe(pass);
  expect(carried.take(3, 1, weights)).toBeUndefined();
});

it('frees what is past, what comes twice, and what is too much', () => {
  const carried = createCarriedPasses();
  const passes = Array.from({ length: 9 }, makePass);
  passes.forEach(({ pass }, shard) => carried.put(1, shard, weights, pass));
  expect(passes.map(({ discarded }) => discarded())).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const twice = makePass();
  carried.put(1, 0, weights, twice.pass);
  expect(twice.discarded()).toBe(1);
  carried.take(1, 0, weights);
  carried.put(2, 0, weights, makePass().pass);
  expect(passes.map(({ discarded }) => discarded())).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1]);
});
