import { expect, it } from 'vitest';
import { checkArrays } from './check-arrays.ts';

const specs = {
  noise: { shape: [2, 3], dtype: 'float32' },
  images: { shape: [4], dtype: 'uint8' },
  labels: { shape: [2], dtype: 'int32', below: 3 },
} as const;
const good = { noise: new Float32Array(6), images: new Uint8Array(4), labels: Int32Array.of(0, 2) };

it('accepts exactly the arrays that a unit takes', () => {
  expect(() => checkArrays('u', specs, good)).not.toThrow();
});

it.each([
  ['missing-input', { noise: good.noise }, 'Unit u got no images.'],
  ['unknown-input', { ...good, nose: good.noise }, 'Unit u has no input nose; its inputs are noise, images, labels.'],
  ['wrong-input-value', { ...good, labels: Int32Array.of(0, 3) }, 'Unit u takes labels from 0 to 2, but got 3.'],
  ['wrong-input-value', { ...good, labels: Int32Array.of(-1, 0) }, 'Unit u takes labels from 0 to 2, but got -1.'],
  ['wrong-input-type', { ...good, images: new Float32Array(4) }, 'Unit u takes images as uint8, but got float32.'],
  [
    'wrong-input-shape',
    { ...good, noise: new Float32Array(5) },
    'Unit u takes noise of shape [2, 3], 6 values, but got 5.',
  ],
])('refuses %s and says what was expected', (code, arrays, message) => {
  expect(() => checkArrays('u', specs, arrays as typeof good)).toThrow(
    expect.objectContaining({ code, message }) as Error,
  );
});
