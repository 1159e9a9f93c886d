import type { Contribution } from '@lstm-gan/transport';
import { expect, it } from 'vitest';
import { createStepClock } from './step-clock.ts';

const contribution = (phase: Contribution['phase'], loss: number, computeMs: number, waitingMs: number) =>
  ({ phase, losses: [{ shard: 0, loss, penalty: loss / 4 }], computeMs, waitingMs }) as unknown as Contribution;

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
      losses: { discriminator: 3, generator: 7, penalty: 2.5 },
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
