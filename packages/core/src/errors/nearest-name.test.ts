import { expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

it('suggests the name that was probably meant, and none that is far', () => {
  expect(nearestName('digit', ['emoji', 'digits'])).toBe('digits');
  expect(nearestName('Emojy', ['emoji', 'digits'])).toBe('emoji');
  expect(nearestName('celeba', ['emoji', 'digits'])).toBeUndefined();
});
