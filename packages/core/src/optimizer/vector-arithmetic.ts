import { evaluateSum } from '../fold/sum-tree.ts';
import type { FoldArithmetic } from '../fold/fold.ts';
import { adamUpdate, type AdamUpdate } from './adam.ts';
import { updateEma, type EmaUpdate } from './ema.ts';

/**
 * All that training does with whole weight vectors outside a graph. `plainArithmetic` defines the bits; a native
 * implementation is faster and must give the same.
 */
export interface VectorArithmetic extends FoldArithmetic {
  /**
   * A new vector that will be sent, with arbitrary contents. If possible it lies in memory that other processes of this
   * machine can read.
   */
  readonly allocateOutgoing: (length: number) => Float32Array;
  /** Moves a vector into memory as of `allocateOutgoing`, unless it is there already. The argument must not be used again. */
  readonly toOutgoing: (vector: Float32Array) => Float32Array;
  readonly adam: AdamUpdate;
  /** May return before the new average is written completely: `finishPending` waits for it. */
  readonly ema: EmaUpdate;
  /** Waits for background work: returns when everything that was begun is written. */
  readonly finishPending: () => void;
}

/** The definition, in TypeScript. */
export const plainArithmetic: VectorArithmetic = {
  allocate: (length) => new Float32Array(length),
  allocateOutgoing: (length) => new Float32Array(length),
  release: () => undefined,
  evaluateSum,
  toOutgoing: (vector) => vector,
  adam: adamUpdate,
  ema: updateEma,
  finishPending: () => undefined,
};
