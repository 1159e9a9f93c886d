import { expect, it } from 'vitest';
import { classCoverage } from './class-coverage.ts';

/** 100 samples of 4 classes: 96, 3, 1 and 0, with the given probability of the class. */
const rows = (probability: number): Float32Array =>
  Float32Array.from(
    [96, 3, 1, 0].flatMap((count, label) =>
      Array.from({ length: count }, () =>
        [0, 1, 2, 3].map((k) => (k === label ? probability : (1 - probability) / 3)),
      ).flat(),
    ),
  );

it('counts classes, those with 1 % and with 3 %, and their entropy', () => {
  const { entropy, ...counted } = classCoverage(rows(0.95), 4);
  expect(counted).toEqual({ counts: [96, 3, 1, 0], found1: 3, found3: 2, confident: 1 });
  expect(entropy).toBeCloseTo(-(0.96 * Math.log(0.96) + 0.03 * Math.log(0.03) + 0.01 * Math.log(0.01)) / Math.log(4));
});

it('counts a sample as confident only above 0.9', () => {
  expect(classCoverage(rows(0.9 - 1e-6), 4).confident).toBe(0);
});

it('gives the entropy 1 for equally frequent classes, and 0 for one class', () => {
  expect(classCoverage(Float32Array.of(0.6, 0.4, 0.4, 0.6), 2).entropy).toBeCloseTo(1);
  expect(classCoverage(Float32Array.of(0.6, 0.4, 0.6, 0.4), 2).entropy).toBeCloseTo(0);
});
