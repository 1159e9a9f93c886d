import { adamUpdate, type AdamUpdate } from '../optimizer/adam.ts';
import { updateEma, type EmaUpdate } from '../optimizer/ema.ts';
import { evaluateSum, type EvaluateSum } from './sum-tree.ts';

/**
 * All that training does with whole weight vectors outside a graph. The TypeScript here defines the bits; a native
 * implementation is faster and equals it.
 */
export interface VectorArithmetic {
  /** A vector whose contents are anything: whoever asks for it writes every float. */
  readonly allocate: (length: number) => Float32Array;
  /** The same for a vector that will be sent: where it can be, in memory that other processes of this machine can read. */
  readonly allocateOutgoing: (length: number) => Float32Array;
  /** Gives back the memory of an array that nobody else holds: it may be empty from now on. */
  readonly release: (array: Float32Array | Uint8Array) => void;
  readonly evaluateSum: EvaluateSum;
  /** The same vector in memory as of `allocateOutgoing`, where it is not there already; uses it up. */
  readonly toOutgoing: (vector: Float32Array) => Float32Array;
  readonly adam: AdamUpdate;
  /** May still be writing the new average when it returns: `finishPending` waits for it. */
  readonly ema: EmaUpdate;
  /** Returns when everything that was begun is written. */
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
