/** .config/vitest.setup.ts compares arrays by their bytes. */
import { expect, it } from 'vitest';

it('arrays are equal if their numbers are, wherever they are in a buffer, and not otherwise', () => {
  const numbers = Float32Array.of(1, NaN, -0, 3);
  const within = Float32Array.of(9, ...numbers).subarray(1);
  expect({ within: [within] }).toEqual({ within: [numbers] });
  expect(within).not.toEqual(numbers.with(3, 4));
  expect(within).not.toEqual(numbers.subarray(1));
  expect(Float32Array.of(0)).not.toEqual(Float32Array.of(-0));
  expect(Float32Array.of(0)).not.toStrictEqual(Int32Array.of(0));
});
