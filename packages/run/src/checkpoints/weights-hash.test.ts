import { expect, it } from 'vitest';
import { weightsSha256 } from './weights-hash.ts';

it('hashes both networks in order, little-endian', () => {
  expect(weightsSha256(Float32Array.of(1), Float32Array.of(-2))).toBe(
    'ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b',
  );
});
