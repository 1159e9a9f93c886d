import type { Layout, Network } from '@lstm-gan/core';
import { layoutSha256 } from '@lstm-gan/run';
import type { Slices } from '../carry-out/sliced/held-state.ts';
import type { CoordinatorOptions } from '../coordinator-options.ts';
import type { Plan } from './state.ts';

type Planned = Pick<CoordinatorOptions, 'config' | 'run' | 'incarnation' | 'steps' | 'exchange' | 'isStrict'>;

/** What decisions need to know of a run. */
export function createPlan(
  { config, run, incarnation, steps, exchange = 'star', isStrict = true }: Planned,
  layouts: Readonly<Record<Network, Layout>>,
  slices: Slices,
): Plan {
  const sizes = (network: Network): number[] => slices[network].map(({ start, end }) => end - start);
  return {
    run,
    incarnation,
    exchange,
    isStrict,
    shardCount: config.batchSize / config.shardSize,
    discriminatorSteps: config.discriminatorSteps,
    lastStep: steps,
    engine: config.engine,
    threads: config.threads,
    config: JSON.stringify(config),
    layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
    layoutSizes: { generator: layouts.generator.size, discriminator: layouts.discriminator.size },
    sliceSizes: { generator: sizes('generator'), discriminator: sizes('discriminator') },
  };
}
