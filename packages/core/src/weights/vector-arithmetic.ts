import { adamUpdate, type AdamUpdate } from '../optimizer/adam.ts';
import { updateEma, type EmaUpdate } from '../optimizer/ema.ts';
import { isFiniteVector } from './finite.ts';
import { accumulate } from './fold.ts';

/**
 * All that training does with whole weight vectors outside a graph. The TypeScript here defines the bits; a native
 * implementation is faster and equals it.
 */
export interface VectorArithmetic {
  /** A vector whose contents are anything: whoever asks for it writes every float. */
  readonly allocate: (length: number) => Float32Array;
  /** Gives back the memory of an array that nobody else holds: it may be empty from now on. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  /** target += term, where it lies. */
  readonly accumulate: (target: Float32Array, term: Float32Array) => void;
  /** Whether no float is infinite or NaN. */
  readonly isFinite: (vector: Float32Array) => boolean;
  readonly adam: AdamUpdate;
  readonly ema: EmaUpdate;
}

/** The definition, in TypeScript. */
export const plainArithmetic: VectorArithmetic = {
  allocate: (length) => new Float32Array(length),
  release: () => undefined,
  // A function around it: fold.ts, which defines it, imports this file too.
  accumulate: (target, term) => accumulate(target, term),
  isFinite: isFiniteVector,
  adam: adamUpdate,
  ema: updateEma,
};
