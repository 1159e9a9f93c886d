import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, readLatestCheckpoint, writeCheckpoint } from './checkpoint-store.ts';
import { smallConfig, smallState } from '../testing/small-state.ts';
import { weightsSha256 } from './weights-hash.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-checkpoint-'));
});

/** Finds the first 64 bytes of a vector in a file, and flips one bit among them. */
async function flipBit(file: string, vector: Float32Array): Promise<void> {
  const bytes = await readFile(file);
  const sought = Buffer.from(vector.buffer, vector.byteOffset, 64);
  const place = bytes.indexOf(sought);
  expect(place).toBeGreaterThan(0);
  bytes[place + 30] ^= 1;
  await writeFile(file, bytes);
}

async function replaceText(file: string, from: string, to: string): Promise<void> {
  const text = (await readFile(file)).toString('latin1');
  expect(from.length).toBe(to.length);
  expect(text).toContain(from);
  await writeFile(file, Buffer.from(text.replace(from, to), 'latin1'));
}

it('reads back bit for bit', async () => {
  const file = await writeCheckpoint(folder, smallConfig, smallState(12));
  const { state, config, weightsSha256: hash } = await readCheckpoint(file);
  expect(state).toEqual(smallState(12));
  expect(Object.is(state.generator.beta2Power, 0.999 ** 12)).toBe(true);
  expect(config).toEqual(smallConfig);
  expect(hash).toBe(weightsSha256(state.generator.weights, state.discriminator.weights));
});

describe('uses the checkpoint before the newest, and names the newest, if', () => {
  const { generator, discriminator, ema } = smallState(2);
  const alter = (change: (bytes: Buffer) => Buffer) => async (file: string) =>
    writeFile(file, change(await readFile(file)));
  it.each<[string, (file: string) => Promise<void>]>([
    ['it is cut short', alter((bytes) => bytes.subarray(0, bytes.length - 5))],
    ['it is cut within the header', alter((bytes) => bytes.subarray(0, 100))],
    ['it is empty', alter(() => Buffer.alloc(0))],
    ['a bit of the weights has flipped', (file) => flipBit(file, discriminator.weights)],
    ['a bit of the average has flipped', (file) => flipBit(file, ema)],
    ['a bit of the first moments has flipped', (file) => flipBit(file, generator.firstMoments)],
    ['a bit of the second moments has flipped', (file) => flipBit(file, discriminator.secondMoments)],
    ['its step has another number', (file) => replaceText(file, '"step":"2"', '"step":"3"')],
    ['a power of beta has another digit', (file) => replaceText(file, '0.30000000000000004', '0.30000000000000014')],
    ['its seed is another', (file) => replaceText(file, '\\"seed\\":1', '\\"seed\\":2')],
    ['a counter is no number', (file) => replaceText(file, '\\"updates\\":2', '\\"upgrades\\":')],
  ])('%s', async (_, damage) => {
    await writeCheckpoint(folder, smallConfig, smallState(1));
    const newest = await writeCheckpoint(folder, smallConfig, smallState(2));
    await damage(newest);
    const damaged: string[] = [];
    const { checkpoint } = await readLatestCheckpoint(folder, (file) => damaged.push(file));
    expect(checkpoint.state).toEqual(smallState(1));
    expect(damaged).toEqual([newest]);
    await expect(readCheckpoint(newest)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(newest),
    });
  });
});
