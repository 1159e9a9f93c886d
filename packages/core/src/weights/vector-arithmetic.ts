import { adamUpdate, type AdamUpdate } from '../optimizer/adam.ts';
import { updateEma, type EmaUpdate } from '../optimizer/ema.ts';
import { isFiniteVector } from './finite.ts';
import { addUp, lengthOf, type AddUp, type SumTree } from './sum-tree.ts';

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
  readonly addUp: AddUp;
  /**
   * The sum in memory as of `allocateOutgoing`, which may be the first vector's own. Undefined where it is not finite: then
   * the vectors still have whatever is not.
   */
  readonly addUpOutgoing: (tree: SumTree) => Float32Array | undefined;
  /** Whether no float is infinite or NaN. */
  readonly isFinite: (vector: Float32Array) => boolean;
  readonly adam: AdamUpdate;
  /** May still be writing the new average when it returns: `settle` waits for it. */
  readonly ema: EmaUpdate;
  /** Returns when everything that was begun is written. */
  readonly settle: () => void;
}

/** The definition, in TypeScript. */
export const plainArithmetic: VectorArithmetic = {
  allocate: (length) => new Float32Array(length),
  allocateOutgoing: (length) => new Float32Array(length),
  release: () => undefined,
  addUp,
  addUpOutgoing(tree) {
    const sum = new Float32Array(lengthOf(tree));
    return addUp(tree, sum) ? sum : undefined;
  },
  isFinite: isFiniteVector,
  adam: adamUpdate,
  ema: updateEma,
  settle: () => undefined,
};
