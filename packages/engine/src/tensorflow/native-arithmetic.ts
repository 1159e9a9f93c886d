import { leavesOf, type SumTree, type VectorArithmetic } from '@lstm-gan/core';
import { loadAddon } from './session.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';
import type { Provisioned } from './provision.ts';

/** Arithmetic whose outgoing vectors other processes of this machine can read. */
export interface NativeArithmetic extends VectorArithmetic {
  /** The memory that outgoing vectors lie in. */
  readonly sharing: () => SharedMemory;
}

/** Core's arithmetic on weight vectors as native code: the same bits for any number of threads, several times as fast. */
export function loadNativeArithmetic(provisioned: Provisioned, threads: number): NativeArithmetic {
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
    addUp: (tree, target) => addon.addUp(leavesOf(tree), orderOf(tree), target, threads),
    toOutgoing(vector) {
      if (sharing.isOwn(vector)) return vector;
      const outgoing = allocateOutgoing(vector.length);
      outgoing.set(vector);
      sharing.release(vector);
      return outgoing;
    },
    adam(vectors, [start, end], divisor, { learningRate, beta1, beta2, epsilon }, beta1Power, beta2Power) {
      const { gradientSum, weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments } =
        vectors;
      const numbers = [threads, start, end, divisor, learningRate, beta1, beta2, epsilon, beta1Power, beta2Power];
      const arrays = [weights, firstMoments, secondMoments, newWeights, newFirstMoments, newSecondMoments];
      return addon.adam(leavesOf(gradientSum), orderOf(gradientSum), ...arrays, numbers);
    },
    ema(average, weights, beta) {
      const next = allocate(average.length);
      addon.average(average, weights, next, beta);
      return next;
    },
    settle: () => addon.settle(),
  };
}

/**
 * How a tree is added, in postfix: v takes the next vector, + adds two. No typed array: V8 moves what a small one holds out of its
 * heap when native code reads it, and collects garbage for that where vectors have been made before.
 */
function orderOf(tree: SumTree): string {
  return tree instanceof Float32Array ? 'v' : `${orderOf(tree[0])}${orderOf(tree[1])}+`;
}
