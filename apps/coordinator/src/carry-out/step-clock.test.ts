import type { Contribution } from '@lstm-gan/transport';
import { sampleContribution } from '@lstm-gan/transport/testing';
import { expect, it } from 'vitest';
import { createStepClock } from './step-clock.ts';

const contribution = (phase: Contribution['phase'], loss: number, computeMs: number, waitingMs: number) =>
  sampleContribution({ phase, losses: [{ loss, penalty: loss / 4 }], computeMs, waitingMs });

it('tells what a step took, by phase, by worker and by kind of work, and begins anew', () => {
  const clock = createStepClock(1000);
  for (let startMs = 1000; startMs < 1200; startMs += 100) {
    clock.contributed('a', contribution('discriminator', 2, 30, 1));
    clock.contributed('b', contribution('discriminator', 4, 20, 5));
    clock.updated('discriminator', 5, startMs + 40);
    clock.contributed('a', contribution('generator', 6, 20, 2));
    clock.contributed('b', contribution('generator', 8, 40, 0));
    clock.updated('generator', 10, startMs + 100);
    expect(clock.finish(1, 50, startMs + 100)).toEqual({
      step: 1,
      images: 50,
      losses: { discriminator: 3, generator: 7, penalty: 0.75 },
      imagesPerSecond: 500,
      stepMs: 100,
      phaseMs: { discriminator: 40, generator: 60 },
      computeMs: 60,
      exchangeMs: 25,
      updateMs: 15,
      waitingMs: 8,
      workers: { a: { shards: 2, computeMs: 50, waitingMs: 3 }, b: { shards: 2, computeMs: 60, waitingMs: 5 } },
    });
  }
});

const lossesOnly = (
  phase: 'generator' | 'discriminator',
  turn: number,
  losses: [shard: number, loss: number, penalty: number][],
) => sampleContribution({ phase, turn, losses: losses.map(([shard, loss, penalty]) => ({ shard, loss, penalty })) });

it('means losses over all discriminator phases of a step, and over the one of the generator', () => {
  const clock = createStepClock(0);
  clock.contributed(
    'a',
    lossesOnly('discriminator', 0, [
      [0, 1, 10],
      [1, 2, 20],
    ]),
  );
  clock.contributed(
    'a',
    lossesOnly('discriminator', 1, [
      [0, 3, 30],
      [1, 6, 40],
    ]),
  );
  clock.contributed(
    'a',
    lossesOnly('generator', 0, [
      [0, 5, 0],
      [1, 7, 0],
    ]),
  );
  const { losses, images, imagesPerSecond } = clock.finish(1, 8, 2000);
  expect(losses).toEqual({ generator: 6, discriminator: 3, penalty: 25 });
  expect([images, imagesPerSecond]).toEqual([8, 4]);
});

it('gives the same bits in whatever order contributions come', () => {
  const values = [1e16, 1, -1e16, 3];
  const lossesOf = (order: number[]): number => {
    const clock = createStepClock(0);
    for (const shard of order) clock.contributed('a', lossesOnly('generator', 0, [[shard, values[shard], 0]]));
    return clock.finish(1, 4, 1).losses.generator;
  };
  expect(lossesOf([3, 2, 1, 0])).toBe(lossesOf([0, 1, 2, 3]));
  expect(lossesOf([1, 3, 0, 2])).toBe(lossesOf([0, 1, 2, 3]));
});
