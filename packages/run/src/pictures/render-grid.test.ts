import sharp from 'sharp';
import { expect, it } from 'vitest';
import { renderGrid } from './render-grid.ts';

it.each(['jpeg', 'webp'] as const)('writes %s with the same pixels, or nearly so', async (format) => {
  const images = Float32Array.from({ length: 4 * 8 * 8 * 3 }, (_, i) => Math.sin(Math.floor(i / 192)));
  const pixelsOf = async (picture: Buffer) => sharp(picture).removeAlpha().raw().toBuffer();
  const picture = await renderGrid(images, { size: 8, channels: 3 }, { format });
  expect((await sharp(picture).metadata()).format).toBe(format);
  const [drawn, exact] = [await pixelsOf(picture), await pixelsOf(await renderGrid(images, { size: 8, channels: 3 }))];
  expect(drawn.length).toBe(exact.length);
  expect(Math.max(...drawn.map((value, i) => Math.abs(value - exact[i])))).toBeLessThan(format === 'webp' ? 1 : 24);
});

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
