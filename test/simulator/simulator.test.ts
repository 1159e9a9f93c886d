/** Compares thousands of random schedules of faults with a run without faults: the weights must be the same. */
import fc from 'fast-check';
import { presets, type Preset } from '@lstm-gan/core';
import { configure, readSettings, type RunConfig, type TrainingState } from '@lstm-gan/run';
import { describe, expect, it } from 'vitest';
import { failAt, faultKinds, type Fault, type Move } from './faults.ts';
import { Simulation, type SimulationOptions } from './simulator.ts';

const config: RunConfig = {
  ...configure(presets.get('digits') as Preset, [
    readSettings([
      'model.generator={kind: dense, units: [2]}',
      'model.image.size=4',
      'model.discriminator.filters=[1]',
      'model.latent=1',
      'batchSize=10',
      'shardSize=2',
      'discriminatorSteps=2',
      // The loss whose generator phase reads real images, too.
      'model.loss=relativistic',
    ]),
  ]),
};
const steps = 6;

const vectorsOf = ({ generator, discriminator, ema }: TrainingState) =>
  [generator, discriminator]
    .flatMap(({ weights, firstMoments, secondMoments }) => [weights, firstMoments, secondMoments])
    .concat(ema)
    .map((vector) => Buffer.from(vector.slice().buffer).toString('hex'));

const simulate = (exchange: SimulationOptions['exchange'], moves: readonly Move[], faults: readonly Fault[] = []) => {
  const simulation = new Simulation({ config, exchange, steps, durableEvery: 3, faults });
  simulation.move({ kind: 'join', which: 0 });
  for (const move of moves) if (!simulation.isFinished) simulation.move(move);
  expect(simulation.complete(), 'the run comes to its end').toBe(true);
  return simulation;
};
const quiet = simulate('star', []);

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(
    ...(
      [
        ['flow', 14],
        ['deliver', 8],
        ['repeat', 1],
        ['join', 2],
        ...faultKinds.map((kind) => [kind, 1] as const),
        ['wake', 1],
        ['wait', 4],
        ['restart', 1],
      ] as const
    ).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })),
  ),
  which: fc.nat(9999),
});

describe.each(['star', 'sliced'] as const)('through the %s', (exchange) => {
  it('the quiet run ends with the same bits', () => {
    expect(vectorsOf(simulate(exchange, []).state)).toEqual(vectorsOf(quiet.state));
  });

  it.each(faultKinds)('%s in any phase changes nothing', (kind) => {
    for (const phase of ['discriminator', 'generator'] as const) {
      const three: Move[] = [
        { kind: 'join', which: 0 },
        { kind: 'join', which: 0 },
      ];
      const simulation = simulate(exchange, three, [failAt(1, 2, phase, kind), failAt(0, 3, phase, kind)]);
      expect(vectorsOf(simulation.state)).toEqual(vectorsOf(quiet.state));
    }
  });

  // 5,000 schedules for each exchange: 10,000 in all.
  it('weights, moments, averages and losses are the same bits, every step is committed in order, and the run ends, whatever happens when', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80, size: 'max' }), (moves) => {
        const simulation = simulate(exchange, moves);
        expect(vectorsOf(simulation.state)).toEqual(vectorsOf(quiet.state));
        expect([...simulation.losses].sort(([a], [b]) => a - b)).toEqual([...quiet.losses]);
        expect(simulation.longestQueue).toBeLessThan(1000);
      }),
      { numRuns: 5000 },
    );
  });
});
