import { expect, it } from 'vitest';
import { imageSpread } from './image-spread.ts';

it('is the root mean square distance of two images, over all pairs of a group', () => {
  const images = [0, 0, 3, 4, 0, 8];
  // The distances of (0, 0), (3, 4) and (0, 8) are 5, 8 and 5.
  expect(imageSpread(images, [0, 0, 0])).toBeCloseTo(Math.sqrt((25 + 64 + 25) / 3), 12);
  // Two groups of two equal images each: nothing differs within a group.
  expect(imageSpread([1, 1, 9, 9], [0, 0, 1, 1])).toBe(0);
  // Groups of two images at distance 2 and at distance 4.
  expect(imageSpread([0, 2, 5, 9], [7, 7, 3, 3])).toBeCloseTo(Math.sqrt((4 + 16) / 2), 12);
  expect(imageSpread([1, 2], [0, 1])).toBeNaN();
});
