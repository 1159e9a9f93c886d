import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, it } from 'vitest';
import { animateGrids, thinOut } from './animate-grids.ts';
import { renderGrid } from './render-grid.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-grids-'));
});

/** A grid of one gray image. */
const writeGrid = async (name: string, value: number) =>
  sharp(await renderGrid(new Float32Array(64 * 64).fill(value), { size: 64, channels: 1 })).toFile(
    path.join(folder, name),
  );

it.each(['gif', 'webp'] as const)('shows grids in the order of their steps, as %s', async (format) => {
  for (const [step, value] of [
    [100, 1],
    [9, -1],
    [20, 0],
  ])
    await writeGrid(`step-${String(step).padStart(8, '0')}.png`, value);
  await writeGrid('other.png', 1);
  const { picture, frames } = await animateGrids(folder, format);
  expect(frames).toBe(3);
  const { pages, pageHeight, delay, loop } = await sharp(picture, { animated: true }).metadata();
  expect([pages, pageHeight, delay, loop]).toEqual([3, 68, [200, 200, 2000], 0]);
  const { data, info } = await sharp(picture, { animated: true })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const middles = [0, 1, 2].map((page) => data[(page * 68 + 34) * info.width + 34]);
  expect(middles).toEqual([expect.closeTo(0, -1), expect.closeTo(128, -1), expect.closeTo(255, -1)]);
});

it('gives a still picture for a single grid, and an error if there is none', async () => {
  await expect(animateGrids(folder, 'gif')).rejects.toMatchObject({
    code: 'no-grids',
    message: `${folder} holds no sample grids.`,
  });
  await writeGrid('step-00000001.png', 0);
  expect((await animateGrids(folder, 'gif')).frames).toBe(1);
});

it('thins a list out evenly, and keeps the first and the last', () => {
  expect(thinOut([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([0, 4, 8]);
  expect(thinOut([0, 1], 3)).toEqual([0, 1]);
});
