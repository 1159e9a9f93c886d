/**
 * Every random number of a run is a pure function of the place at which it is used. There is no generator with a state,
 * so a lost worker or a repeated shard cannot change any number.
 */
import { philox } from './philox.ts';

const purposes: Readonly<Record<StreamPurpose, number>> = {
  'initial-weights': 1,
  'image-order': 2,
  noise: 3,
  'dropout-real': 4,
  'dropout-fake': 5,
  'dropout-generator': 6,
  regularizer: 7,
  'sample-noise': 8,
  probe: 9,
  'image-flip': 10,
};

/** What random numbers are used for. Each purpose has its own streams. */
export type StreamPurpose =
  | 'initial-weights'
  | 'image-order'
  | 'noise'
  | 'dropout-real'
  | 'dropout-fake'
  | 'dropout-generator'
  | 'regularizer'
  | 'sample-noise'
  | 'probe'
  | 'image-flip';

/** Where random numbers are used. Equal places get equal numbers. */
export interface StreamPlace {
  /** The run's seed, 0 .. 2^32 - 1. */
  readonly seed: number;
  readonly purpose: StreamPurpose;
  /** Step or epoch; 0 if there is none. */
  readonly step?: number;
  readonly phase?: 'discriminator' | 'generator';
  /** The number of the phase among those phases of the step that train the same network, from 0. */
  readonly turn?: number;
  /** Shard or another index; 0 if there is none. */
  readonly shard?: number;
}

/** The key (int32 [2]) of the stream for a place. */
export function streamKey({
  seed,
  purpose,
  step = 0,
  phase = 'discriminator',
  turn = 0,
  shard = 0,
}: StreamPlace): Int32Array {
  // Purpose and phase fill the lowest byte, and the turn the bytes above it. Turn 0 adds nothing to the key, so a run
  // that was started by a version without turns keeps its random numbers.
  const role = turn * 256 + purposes[purpose] * 2 + (phase === 'generator' ? 1 : 0);
  const [a, b] = philox(
    [step >>> 0, Math.floor(step / 0x100000000) >>> 0, shard >>> 0, role],
    [seed >>> 0, 0x6c737467],
  );
  return Int32Array.of(a, b);
}
