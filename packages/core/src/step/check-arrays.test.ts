import { expect, it } from 'vitest';
import { checkArrays } from './check-arrays.ts';

const specs = { noise: { shape: [2, 3], dtype: 'float32' }, images: { shape: [4], dtype: 'uint8' } } as const;
const good = { noise: new Float32Array(6), images: new Uint8Array(4) };

it('accepts exactly the arrays that a unit takes', () => {
  expect(() => checkArrays('u', specs, good)).not.toThrow();
});

it.each([
  ['missing-input', { noise: good.noise }, 'Unit u got no images.'],
  ['unknown-input', { ...good, nose: good.noise }, 'Unit u has no input nose; its inputs are noise, images.'],
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
