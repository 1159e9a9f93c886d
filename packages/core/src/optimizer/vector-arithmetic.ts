import { evaluateSum } from '../fold/sum-tree.ts';
import type { FoldArithmetic } from '../fold/fold.ts';
import { adamUpdate, type AdamUpdate } from './adam.ts';
import { updateEma, type EmaUpdate } from './ema.ts';

/**
 * The arithmetic on whole weight vectors that training does outside a graph. `plainArithmetic` is the definition; a
 * native implementation is faster and must give the same bits.
 */
export interface VectorArithmetic extends FoldArithmetic {
  /**
   * A new vector that will be sent, with arbitrary contents. If possible it lies in memory that other processes of this
   * machine can read.
   */
  readonly allocateOutgoing: (length: number) => Float32Array;
  /**
   * Returns the vector itself if it lies in memory of the kind that `allocateOutgoing` gives, otherwise a copy in such
   * memory. The argument must not be used again.
   */
  readonly toOutgoing: (vector: Float32Array) => Float32Array;
  readonly adam: AdamUpdate;
  /** May return before the new average is written completely: `finishPending` waits for it. */
  readonly ema: EmaUpdate;
  /** Waits for background work: returns when all results are written completely. */
  readonly finishPending: () => void;
}

/** The arithmetic in TypeScript. Every other implementation must give the same bits. */
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
