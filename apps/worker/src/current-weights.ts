import type { Network } from '@lstm-gan/core';

/** The weights that a worker computes with, and their versions: how many updates they have had. */
export type CurrentWeights = Partial<Record<Network, VersionedWeights>>;

interface VersionedWeights {
  readonly version: number;
  readonly values: Float32Array;
}
