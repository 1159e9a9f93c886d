import { adamUpdate, type AdamUpdate } from '../optimizer/adam.ts';
import { updateEma, type EmaUpdate } from '../optimizer/ema.ts';
import { isFiniteVector } from './finite.ts';
import { addVectors, type VectorSum } from './fold.ts';

/**
 * All that training does with whole weight vectors outside a graph. The TypeScript here defines the bits; a native
 * implementation is faster and equals it.
 */
export interface VectorArithmetic {
  /** A vector whose contents are anything: whoever asks for it writes every float. */
  readonly allocate: (length: number) => Float32Array;
  readonly add: VectorSum;
  readonly isFinite: (vector: Float32Array) => boolean;
  readonly adam: AdamUpdate;
  readonly ema: EmaUpdate;
}

export const plainArithmetic: VectorArithmetic = {
  allocate: (length) => new Float32Array(length),
  add: addVectors,
  isFinite: isFiniteVector,
  adam: adamUpdate,
  ema: updateEma,
};
