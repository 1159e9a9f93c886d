import { expect, it } from 'vitest';
import type { Contribution } from '@lstm-gan/transport';
import { createStepClock } from './step-clock.ts';

const contribution = (phase: 'generator' | 'discriminator', turn: number, losses: [shard: number, loss: number, penalty: number][]) =>
  ({ phase, turn, losses: losses.map(([shard, loss, penalty]) => ({ shard, loss, penalty })), computeMs: 1, waitingMs: 0 }) as unknown as Contribution;

it('means losses over all discriminator phases of a step, and over the one of the generator', () => {
  const clock = createStepClock(0);
  clock.contributed('a', contribution('discriminator', 0, [[0, 1, 10], [1, 2, 20]]));
  clock.contributed('a', contribution('discriminator', 1, [[0, 3, 30], [1, 6, 40]]));
  clock.contributed('a', contribution('generator', 0, [[0, 5, 0], [1, 7, 0]]));
  const { losses, images, imagesPerSecond } = clock.finish(1, 8, 2000);
  expect(losses).toEqual({ generator: 6, discriminator: 3, penalty: 25 });
  expect([images, imagesPerSecond]).toEqual([8, 4]);
});

it('gives the same bits in whatever order contributions come', () => {
  const values = [1e16, 1, -1e16, 3];
  const lossesOf = (order: number[]): number => {
    const clock = createStepClock(0);
    for (const shard of order) clock.contributed('a', contribution('generator', 0, [[shard, values[shard], 0]]));
    return clock.finish(1, 4, 1).losses.generator;
  };
  expect(lossesOf([3, 2, 1, 0])).toBe(lossesOf([0, 1, 2, 3]));
  expect(lossesOf([1, 3, 0, 2])).toBe(lossesOf([0, 1, 2, 3]));
});
