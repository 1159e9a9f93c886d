import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packBfloat16, packedPartOf, roundToBfloat16, unpackBfloat16 } from './bfloat16.ts';

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const fromBits = (...words: number[]): Float32Array => new Float32Array(Uint32Array.from(words).buffer);
const rounded = (values: Float32Array): Float32Array => {
  const result = values.slice();
  roundToBfloat16(result);
  return result;
};

it('rounds to the nearest bfloat16, and to the even one if two are equally near', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const [bits] = bitsOf(Float32Array.of(value));
      const [below, above] = [fromBits(bits & 0xffff0000)[0], fromBits((bits & 0xffff0000) + 0x10000)[0]];
      const [result] = rounded(Float32Array.of(value));
      const [toBelow, toAbove] = [Math.abs(value - below), Math.abs(above - value)];
      const isEven = ((bits >>> 16) & 1) === 0;
      const expected = toBelow < toAbove || (toBelow === toAbove && isEven) ? below : above;
      // Not checked near the largest bfloat16: there `above` is infinite, and so is the distance to it.
      if (Number.isFinite(above)) expect(Object.is(result, expected)).toBe(true);
    }),
  );
});

it('keeps infinities, NaNs and values that are bfloat16 already', () => {
  expect(rounded(Float32Array.of(Infinity, -Infinity, 0, -0, 1, -1.5, 2 ** -133))).toEqual(
    Float32Array.of(Infinity, -Infinity, 0, -0, 1, -1.5, 2 ** -133),
  );
  expect(rounded(fromBits(0x7f800001, 0x7fffffff, 0xffffffff)).every(Number.isNaN)).toBe(true);
});

it('packs rounded values into half the bytes and restores them, and packs no other values', () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 0, maxLength: 50 }), (drawn) => {
      const values = rounded(drawn);
      const packed = packBfloat16(values) as Uint8Array;
      expect(packed.byteLength).toBe(2 * values.length);
      // The array lies in the middle of a larger buffer, so its byteOffset is not 0.
      const arrived = new Float32Array(new ArrayBuffer(4 * values.length + 8), 4, values.length);
      packedPartOf(arrived).set(packed);
      unpackBfloat16(arrived);
      expect(bitsOf(arrived.slice())).toEqual(bitsOf(values));
    }),
  );
  expect(packBfloat16(Float32Array.of(1, 1 + 2 ** -20))).toBeUndefined();
});
