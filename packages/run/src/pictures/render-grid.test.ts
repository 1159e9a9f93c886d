import sharp from 'sharp';
import { expect, it } from 'vitest';
import { renderGrid } from './render-grid.ts';

it('lays images out in a grid, clipped and rounded', async () => {
  const images = new Float32Array(4 * 64 * 64 * 3).fill(-1);
  images.fill(2, 0, 64 * 64 * 3);
  const { data, info } = await sharp(await renderGrid(images, { size: 64, channels: 3 }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([134, 134, 3]);
  const pixel = (x: number, y: number) => data[(y * 134 + x) * 3];
  expect([pixel(2, 2), pixel(70, 70), pixel(0, 0), pixel(67, 70)]).toEqual([255, 0, 255, 255]);
});
