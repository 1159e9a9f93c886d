import { leavesOf, type SumTree } from '@lstm-gan/core/fold';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { Provisioned } from '../provision/provision.ts';
import { loadAddon } from './addon.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';

/**
 * Arithmetic that puts outgoing vectors (vectors that will be sent) into memory that other processes of this machine
 * can read, if there is such memory.
 */
export interface NativeArithmetic extends VectorArithmetic {
  /** The shared memory of the outgoing vectors. */
  readonly sharing: () => SharedMemory;
}

/**
 * Core's arithmetic on vectors of weights, in native code. It gives the same bits as core's TypeScript for any number
 * of threads, and is several times as fast.
 */
export function loadNativeArithmetic(provisioned: Provisioned, wanted: number): NativeArithmetic {
  // More threads would only wait for the memory.
  const threads = Math.min(wanted, 64);
  const addon = loadAddon(provisioned);
  const sharing = createSharedMemory(addon);
  const allocate = (length: number): Float32Array =>
    length === 0 ? new Float32Array(0) : new Float32Array(addon.allocate(length * 4));
  const allocateOutgoing = (length: number): Float32Array => sharing.allocate(length) ?? allocate(length);
  return {
    sharing: () => sharing,
    allocate,
    allocateOutgoing,
    release: sharing.release,
    evaluateSum: (tree, target) => addon.evaluateSum(leavesOf(tree), orderOf(tree), target, threads),
    toOutgoing(vector) {
      if (sharing.isOwn(vector)) return vector;
      const outgoing = allocateOutgoing(vector.length);
      outgoing.set(vector);
      sharing.release(vector);
      return outgoing;
    },
    adam(vectors, [start, end], divisor, options, beta1Power, beta2Power) {
      const { learningRate, beta1, beta2, epsilon } = options;
      // The properties of the argument are written out, because a call with a spread (...vectors) took 0.1 ms instead
      // of 0.02 ms.
      return addon.adam({
        vectors: leavesOf(vectors.gradientSum),
        order: orderOf(vectors.gradientSum),
        weights: vectors.weights,
        firstMoments: vectors.firstMoments,
        secondMoments: vectors.secondMoments,
        newWeights: vectors.newWeights,
        newFirstMoments: vectors.newFirstMoments,
        newSecondMoments: vectors.newSecondMoments,
        start,
        end,
        divisor,
        learningRate,
        beta1,
        beta2,
        epsilon,
        beta1Power,
        beta2Power,
        threads,
      });
    },
    ema(average, weights, beta) {
      const next = allocate(average.length);
      addon.ema(average, weights, next, beta);
      return next;
    },
    finishPending: () => addon.finishPending(),
  };
}

/**
 * The order in which the vectors of a tree are added, in postfix: `v` takes the next vector, `+` adds two. The order is
 * a string and not a typed array, because V8 moves the contents of a short typed array out of its heap when native code
 * reads the array. In a process that has made large vectors, such a move starts a garbage collection.
 */
function orderOf(tree: SumTree): string {
  return tree instanceof Float32Array ? 'v' : `${orderOf(tree[0])}${orderOf(tree[1])}+`;
}
