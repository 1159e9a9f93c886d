import type { Layout, Network } from '@lstm-gan/core';
import { readsPairs } from '@lstm-gan/core/step';
import type { Slice } from '@lstm-gan/core/weights';
import { doThreadsDecideBits, layoutSha256, type RunConfig } from '@lstm-gan/run';
import type { Exchange } from '@lstm-gan/transport';

/** The facts that decisions depend on and that stay the same while a coordinator runs. */
export interface Plan {
  readonly run: string;
  readonly incarnation: number;
  readonly exchange: Exchange;
  /** Workers that compute other bits are refused. */
  readonly isStrict: boolean;
  readonly shardCount: number;
  /** Discriminator phases in each step. */
  readonly discriminatorSteps: number;
  /** Whether the loss compares real images with fake ones. */
  readonly readsPairs: boolean;
  /** Training ends after this step. */
  readonly lastStep: number;
  readonly engine: string;
  /** Whether the bits depend on the number of threads of a worker. */
  readonly doThreadsDecideBits: boolean;
  /** RunConfig as JSON, for the welcome. */
  readonly config: string;
  /** SHA-256 of each network's layout. */
  readonly layouts: Readonly<Record<Network, string>>;
  /** The SHA-256 of the file that defines custom networks; missing if neither network is a custom one. */
  readonly modelSource?: string;
  /** Floats in each network's vector. */
  readonly layoutSizes: Readonly<Record<Network, number>>;
  /** Floats in each slice of each network. */
  readonly sliceSizes: Readonly<Record<Network, readonly number[]>>;
}

/** The slices of each network's vector, in order. */
export type Slices = Readonly<Record<Network, readonly Slice[]>>;

interface PlanOptions {
  readonly config: RunConfig;
  readonly run: string;
  readonly incarnation: number;
  /** Training ends after this step. */
  readonly steps: number;
  readonly exchange?: Exchange;
  readonly isStrict?: boolean;
}

export function createPlan(
  { config, run, incarnation, steps, exchange = 'star', isStrict = true }: PlanOptions,
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
    readsPairs: readsPairs(config.model),
    lastStep: steps,
    engine: config.engine,
    doThreadsDecideBits: doThreadsDecideBits(config),
    config: JSON.stringify(config),
    modelSource: config.model.source,
    layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
    layoutSizes: { generator: layouts.generator.size, discriminator: layouts.discriminator.size },
    sliceSizes: { generator: sizes('generator'), discriminator: sizes('discriminator') },
  };
}
