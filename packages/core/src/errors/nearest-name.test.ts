import { expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

it('suggests the nearest name, and nothing if no name is near', () => {
  expect(nearestName('digit', ['emoji', 'digits'])).toBe('digits');
  expect(nearestName('Emojy', ['emoji', 'digits'])).toBe('emoji');
  expect(nearestName('celeba', ['emoji', 'digits'])).toBeUndefined();
});
