import type { ShardPlace } from '@lstm-gan/core/step';
import { expect, it } from 'vitest';
import { createStartedShards, type StartableShard } from './started-shards.ts';
import type { FinishShard } from '@lstm-gan/core/compute';

const place = (shard: number): ShardPlace => ({ step: 3, phase: 'generator', turn: 0, shard });
const versions = { generator: 7, discriminator: 3 };
const finish: FinishShard = () => Promise.reject(new Error('not asked for'));

/** Shards that can be started, but whose start ends only when `letGo` is called. */
function waitingShards(count: number) {
  const begun: number[] = [];
  const release: (() => void)[] = [];
  const shards = Array.from({ length: count }, (_, shard): StartableShard => ({
    place: place(shard),
    network: 'generator',
    version: 7,
    start: () => {
      begun.push(shard);
      return new Promise((resolve) => release.push(() => resolve(finish)));
    },
  }));
  return { shards, begun, letGo: () => release.shift()?.() };
}

it('starts one shard after the other, and stops after the one that is being started', async () => {
  const started = createStartedShards(4, () => 0);
  const { shards, begun, letGo } = waitingShards(3);
  started.begin(shards);
  expect(begun).toEqual([0]);
  const stopped = started.stop();
  letGo();
  await stopped;
  expect(begun).toEqual([0]);
  expect(started.take(place(0), versions)).toBe(finish);
  expect(started.take(place(1), versions)).toBeUndefined();
});

it('gives nothing for other weights, or for another step, turn or phase', async () => {
  const started = createStartedShards(4, () => 0);
  started.begin([{ place: place(0), network: 'generator', version: 7, start: async () => finish }]);
  await started.stop();
  expect(started.take(place(0), { ...versions, generator: 8 })).toBeUndefined();
  expect(started.take({ ...place(0), step: 4 }, versions)).toBeUndefined();
  expect(started.take({ ...place(0), turn: 1 }, versions)).toBeUndefined();
  expect(started.take({ ...place(0), phase: 'discriminator' }, versions)).toBeUndefined();
  expect(started.take(place(0), { ...versions, discriminator: 4 })).toBe(finish);
});

it('waits for a network only if shards are being started with that network', async () => {
  const started = createStartedShards(4, () => 0);
  const { shards, letGo } = waitingShards(1);
  started.begin(shards);
  await started.stopUsing('discriminator');
  let stopped = false;
  const stopping = started.stopUsing('generator').then(() => (stopped = true));
  await Promise.resolve();
  expect(stopped).toBe(false);
  letGo();
  await stopping;
});

it('starts at most as many shards as it is told, forgets a failed one, and counts the time', async () => {
  let time = 0;
  const started = createStartedShards(4, () => (time += 10));
  const { shards, begun, letGo } = waitingShards(6);
  started.begin(shards);
  for (let i = 0; i < 4; i++) {
    letGo();
    await new Promise(setImmediate);
  }
  expect(begun).toEqual([0, 1, 2, 3]);
  expect([started.takeSpentMs(), started.takeSpentMs()]).toEqual([40, 0]);
  started.begin([
    { place: place(0), network: 'generator', version: 7, start: () => Promise.reject(new Error('no memory')) },
  ]);
  await started.stop();
  expect(started.take(place(0), versions)).toBeUndefined();
});
