import { expect, it } from 'vitest';
import { toPixels } from './draw-grid.ts';

it('makes opaque gray pixels of the requested image, with -1 black and 1 white', () => {
  const images = Float32Array.of(0, 0, 0, 0, -1, 1, 0, 3);
  expect([...toPixels(images, 1, { size: 2, channels: 1 })]).toEqual([
    0, 0, 0, 255, 255, 255, 255, 255, 128, 128, 128, 255, 255, 255, 255, 255,
  ]);
});

it('keeps the channels of RGB images apart', () => {
  expect([...toPixels(Float32Array.of(-1, 0, 1), 0, { size: 1, channels: 3 })]).toEqual([0, 128, 255, 255]);
});
