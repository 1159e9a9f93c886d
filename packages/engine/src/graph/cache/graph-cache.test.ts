import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Unit } from '@lstm-gan/core';
import { codeDigest } from './code-digest.ts';
import { graphKey, readGraph, writeGraph } from './graph-cache.ts';

const unit: Unit = {
  name: 'generator-sample',
  identity: '{"shardSize":2}',
  inputs: { noise: { shape: [2, 3], dtype: 'float32' } },
  outputs: { images: { shape: [2], dtype: 'float32' } },
  run: () => ({}),
};
const key = {
  unit,
  device: 'cpu' as const,
  precision: 'float32' as const,
  stateOnDevice: false,
  tensorflow: '2.21.0',
  code: 'c0de',
  part: 'whole' as const,
};

describe('graphKey', () => {
  it('differs if anything differs that decides a graph', () => {
    const variants = [
      key,
      { ...key, precision: 'bfloat16' as const },
      { ...key, device: 'gpu' as const },
      { ...key, stateOnDevice: true },
      { ...key, tensorflow: '2.20.0' },
      { ...key, code: 'other' },
      { ...key, part: 'begin' as const },
      { ...key, unit: { ...unit, early: ['noise'] } },
      { ...key, unit: { ...unit, lasting: ['noise'] } },
      { ...key, unit: { ...unit, name: 'generator-backward' as const } },
      { ...key, unit: { ...unit, identity: '{"shardSize":4}' } },
      { ...key, unit: { ...unit, inputs: { noise: { shape: [3, 2], dtype: 'float32' as const } } } },
      { ...key, unit: { ...unit, outputs: {} } },
      { ...key, unit: { ...unit, earlyOutputs: ['images'] } },
    ];
    expect(new Set(variants.map(graphKey)).size).toBe(variants.length);
  });
});

describe('codeDigest', () => {
  it('is the same at every call', async () => {
    expect(await codeDigest()).toMatch(/^[0-9a-f]{64}$/);
    expect(await codeDigest()).toBe(await codeDigest());
  });
});

describe('readGraph and writeGraph', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'graph-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('returns a stored graph', async () => {
    await writeGraph(folder, 'k', Uint8Array.of(1, 2, 3));
    expect(await readGraph(folder, 'k')).toEqual(Uint8Array.of(1, 2, 3));
    expect(await readdir(path.join(folder, 'graphs'))).toEqual(['k.pb']);
  });

  it('finds no graph if none was stored', async () => {
    expect(await readGraph(folder, 'k')).toBeUndefined();
  });

  it.each([
    ['a flipped bit', (file: Buffer) => file.fill(file[40]! ^ 1, 40, 41)],
    ['a torn end', (file: Buffer) => file.subarray(0, file.length - 1)],
    ['no content', () => Buffer.alloc(0)],
  ])('treats a file with %s as absent', async (_, damage) => {
    await writeGraph(folder, 'k', new Uint8Array(64));
    const file = path.join(folder, 'graphs', 'k.pb');
    await writeFile(file, damage(await readFile(file)));
    expect(await readGraph(folder, 'k')).toBeUndefined();
  });
});
