import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exp2, ln } from './logarithm.ts';

it('computes the same logarithms as Math.log, within 1e-15', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(Math.log(x))));
    }),
  );
});

it('computes the same powers of two as Math.pow, within 1e-14', () => {
  fc.assert(
    fc.property(fc.double({ min: -900, max: 0, noNaN: true }), (x) => {
      expect(Math.abs(exp2(x) / 2 ** x - 1)).toBeLessThanOrEqual(1e-14);
    }),
  );
});

it('is exact at whole powers of two', () => {
  expect(exp2(-3)).toBe(0.125);
  expect(ln(1)).toBe(0);
});
