import { expect, it } from 'vitest';
import { createTimeForecast } from './time-forecast.ts';

it('tells once how long the rest takes, from steps after the slow first ones', () => {
  const forecast = createTimeForecast(1000);
  const said = Array.from({ length: 20 }, (_, k) => forecast({ step: 101 + k, stepMs: k < 5 ? 60_000 : 200 }));
  expect(said.filter((sentence) => sentence !== undefined)).toEqual([
    'A step takes 200 ms: about 2 min 58 s until step 1000.',
  ]);
  expect(said.findIndex((sentence) => sentence !== undefined)).toBe(9);
});

it('says nothing if the run ends first', () => {
  const forecast = createTimeForecast(10);
  expect(Array.from({ length: 10 }, (_, k) => forecast({ step: 1 + k, stepMs: 1 }))).toEqual(Array(10).fill(undefined));
});
