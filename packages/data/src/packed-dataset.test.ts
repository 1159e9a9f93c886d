import { spawnSync } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Labels, LeftOut } from './dataset.ts';
import { createDataset, openPacked, writePacked } from './packed-dataset.ts';

const shape = { size: 2, channels: 3 } as const;
const pixels = Uint8Array.from({ length: 3 * 12 }, (_, i) => i);
const labels = { names: ['cat', 'dog'], values: Uint16Array.of(1, 0, 1) };
const decoded = (summary: { labels?: Labels; leftOut?: LeftOut[] } = {}) => ({
  pixels: [pixels.subarray(0, 12), pixels.subarray(12)],
  summary: () => summary,
});

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-packed-'));
  file = path.join(folder, 'set.bin');
});

describe('a packed data set', () => {
  it('reads back, with labels and without', async () => {
    await writePacked(file, 'pets', shape, decoded({ labels }));
    const dataset = openPacked(file);
    expect(dataset).toMatchObject({ name: 'pets', count: 3, size: 2, channels: 3 });
    expect(dataset?.labels?.names).toEqual(['cat', 'dog']);
    expect([...(dataset?.labels?.values ?? [])]).toEqual([1, 0, 1]);
    const images = new Uint8Array(24);
    dataset?.read([2, 0], images);
    expect([...images]).toEqual([...pixels.subarray(24), ...pixels.subarray(0, 12)]);
    await writePacked(file, 'pets', shape, decoded());
    const bare = openPacked(file);
    expect(bare?.labels).toBeUndefined();
    expect(bare?.digest).toBe(dataset?.digest);
    expect(bare?.leftOut).toEqual([]);
    dataset?.close();
    bare?.close();
    bare?.close();
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut short', (bytes) => bytes.subarray(0, -1)],
    ['longer than it says', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['cut within its pixels', (bytes) => bytes.subarray(0, 20)],
    ['empty', () => Buffer.alloc(0)],
    ['of another kind', (bytes) => Buffer.concat([bytes.subarray(0, -8), Buffer.from('SOMETHIN')])],
    [
      'whose footer is longer than the file',
      (bytes) => Buffer.concat([bytes.subarray(0, -12), Buffer.from([255, 255, 255, 0]), bytes.subarray(-8)]),
    ],
    [
      'whose footer is not its own',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"count":3', '"count":4'), 'latin1'),
    ],
  ])('that is %s is no data set', async (_, damage) => {
    await writePacked(file, 'pets', shape, decoded({ labels }));
    await writeFile(file, damage(await readFile(file)));
    expect(openPacked(file)).toBeUndefined();
  });

  it('is opened without reading its pixels, so that opening takes the same time for any size', async () => {
    await writePacked(file, 'pets', { size: 2, channels: 3 }, decoded());
    const count = 100_000_000_000;
    const text = (await readFile(file)).subarray(36, -12).toString().replace('"count":3', `"count":${count}`);
    const tail = Buffer.concat([Buffer.from(text), Buffer.alloc(4), Buffer.from('LGANPACK')]);
    tail.writeUInt32LE(text.length, text.length);
    // A sparse file: its pixels are a hole, which takes no space on the disk and reads as zeros.
    const handle = await open(file, 'w');
    await handle.write(tail, 0, tail.length, count * 12);
    await handle.close();
    const dataset = openPacked(file);
    const image = new Uint8Array(12).fill(1);
    dataset?.read([count - 1], image);
    dataset?.close();
    expect([dataset?.count, image]).toEqual([count, new Uint8Array(12)]);
  });

  it('reports a full disk, and leaves no file', async () => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', folder], { encoding: 'utf8' });
    if (mounted.status !== 0) throw new Error(`This test mounts a tmpfs, and may not (${mounted.stderr}).`);
    try {
      const many = { ...decoded(), pixels: Array.from({ length: 100 }, () => new Uint8Array(12_000)) };
      await expect(writePacked(file, 'pets', shape, many)).rejects.toMatchObject({
        code: 'cannot-write',
        message: `${file} cannot be written: the disk is full.`,
        advice: expect.stringContaining('--cache-dir'),
      });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      spawnSync('umount', ['--lazy', folder]);
    }
  });

  it('may be packed twice at the same time', async () => {
    const both = [decoded({ labels }), decoded({ labels })];
    await Promise.all(both.map((images) => writePacked(file, 'pets', shape, images)));
    expect(openPacked(file)?.count).toBe(3);
    expect(await readdir(folder)).toEqual(['set.bin']);
  });

  it('reports a file that becomes shorter while it is read', async () => {
    await writePacked(file, 'pets', shape, decoded());
    const dataset = openPacked(file);
    await truncate(file, 20);
    expect(() => dataset?.read([2], new Uint8Array(12))).toThrow('ends before image 2');
    dataset?.close();
  });

  it('refuses images that it does not have', () => {
    const dataset = createDataset({ name: 'pets', count: 3, ...shape, digest: '' }, pixels);
    expect(() => dataset.read([3], new Uint8Array(12))).toThrow('there is an image 3');
    expect(() => dataset.read([0], new Uint8Array(11))).toThrow('room for exactly');
  });
});
