/**
 * Every random number of a run is a pure function of a `StreamPlace` (seed, purpose, step, phase, turn, shard) and an
 * index. No random generator has a state, so a lost worker or a repeated shard cannot change any number.
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
  label: 11,
  'classifier-order': 12,
  'classifier-shift': 13,
  'kernel-subset': 14,
};

/**
 * What random numbers are used for. Each purpose has its own streams.
 *
 * @category A training step
 */
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
  | 'image-flip'
  | 'label'
  | 'classifier-order'
  | 'classifier-shift'
  | 'kernel-subset';

/**
 * What a stream of random numbers is used for. Equal values of all fields give equal numbers.
 *
 * @category A training step
 */
export interface StreamPlace {
  /** The run's seed, 0 .. 2^32 - 1. */
  readonly seed: number;
  readonly purpose: StreamPurpose;
  /** Step or epoch; 0 if there is none. */
  readonly step?: number;
  readonly phase?: 'discriminator' | 'generator';
  /** The index of a discriminator phase within its step, counted from 0. The generator phase has turn 0. */
  readonly turn?: number;
  /** Shard or another index; 0 if there is none. */
  readonly shard?: number;
}

/**
 * The key (int32 [2]) of the stream that a `StreamPlace` describes.
 *
 * @category A training step
 */
export function streamKey({
  seed,
  purpose,
  step = 0,
  phase = 'discriminator',
  turn = 0,
  shard = 0,
}: StreamPlace): Int32Array {
  // Purpose and phase fill the lowest byte, and the turn fills the bytes above the lowest. Turn 0 changes no byte, so a
  // run that was started by an old release of this program, which had no turns, keeps its random numbers.
  const role = turn * 256 + purposes[purpose] * 2 + (phase === 'generator' ? 1 : 0);
  const [a, b] = philox(
    [step >>> 0, Math.floor(step / 0x100000000) >>> 0, shard >>> 0, role],
    [seed >>> 0, 0x6c737467],
  );
  return Int32Array.of(a, b);
}
