import { mkdir, mkdtemp, readFile, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import sharp from 'sharp';
import { beforeEach, expect, it } from 'vitest';
import { createRunConfig } from './run-config.ts';
import { renderGrid } from './sample-grid.ts';
import { weightsSha256 } from './weights-hash.ts';
import { writeAtomically } from './write-atomically.ts';

const digits = presets.get('digits') as Preset;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-run-'));
});

it('writes a file whole or not at all', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['one', Buffer.from('two')]);
  expect(await readFile(file, 'utf8')).toBe('onetwo');
  await mkdir(path.join(folder, 'b.partial'));
  await expect(writeAtomically(path.join(folder, 'b'), ['x'])).rejects.toThrow();
  expect((await readdir(folder)).sort()).toEqual(['a', 'b.partial']);
});

it('keeps the file that was there when the disk is full', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['old']);
  await symlink('/dev/full', `${file}.partial`);
  await expect(writeAtomically(file, ['new'])).rejects.toMatchObject({
    code: 'cannot-write',
    message: `${file} cannot be written: the disk is full.`,
  });
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a']);
});

it('suggests a batch that the shard size divides', () => {
  expect(() => createRunConfig(digits, { batchSize: 60 })).toThrow(
    expect.objectContaining({
      code: 'batch-not-divisible',
      advice: expect.stringContaining('--batch-size 64'),
    }) as Error,
  );
  expect(createRunConfig(digits, { batchSize: 32, seed: 9 })).toMatchObject({ batchSize: 32, seed: 9, shardSize: 16 });
});

it('hashes both networks in order, little-endian', () => {
  expect(weightsSha256(Float32Array.of(1), Float32Array.of(-2))).toBe(
    'ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b',
  );
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
