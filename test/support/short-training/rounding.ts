/** How far float32 rounding may move the weights of a short training. */
import { engine } from '@tensorflow/tfjs-core';
import type { ShortTraining } from './train-three-steps.ts';

interface Kernel {
  readonly name: string;
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** How many numbers a kernel adds up for one number of its output. */
function lengthOfSum({ name, inputShapes: [first, second], outputShapes: [output] }: Kernel): number {
  switch (name) {
    case 'BatchMatMul': // [P, M, K] or [P, K, M] times the second matrix: [P, M, N]
      return sizeOf(first) / (output[0] * output[1]);
    case 'Conv2D': // filter [R, C, I, O]
      return sizeOf(second) / second[3];
    case 'Conv2DBackpropInput':
      return sizeOf(second) / second[2];
    case 'Conv2DBackpropFilter': // output's gradient [B, H, W, O]
      return sizeOf(second) / second[3];
    case 'Sum':
    case 'Mean':
      return sizeOf(first) / sizeOf(output);
    default:
      return 1;
  }
}

/**
 * Runs a training, and counts the roundings that can follow one another between the first weights and the last: a
 * chain of operations is no longer than all of them.
 */
export async function countRoundings(train: () => Promise<ShortTraining>): Promise<[ShortTraining, number]> {
  let training: ShortTraining | undefined;
  const { kernels } = await engine().profile(async () => {
    training = await train();
    return [];
  });
  const roundings = (kernels as unknown as Kernel[]).reduce((sum, kernel) => sum + lengthOfSum(kernel), 0);
  return [training as ShortTraining, roundings];
}

/** Every step of a short training adds an update to the weights of both networks. */
const updates = 3;

/**
 * The largest distance between the weights that two backends may reach. A float32 rounding changes a number by at most
 * 2^-24 of it, and `n` of them, one after the other, are independent and add up as a random walk does, to the root of
 * `n` (Higham & Mary, 2019). Both backends begin with the same weights. So what they compute differently is only in the
 * updates, after `roundings`, and in the sums of weights and updates.
 */
export function tolerance({ before, after }: ShortTraining, roundings: number): number {
  return 2 ** -24 * (Math.sqrt(updates) * Math.hypot(...before) + Math.sqrt(roundings) * distance(before, after));
}

/** The Euclidean distance of two vectors. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return a.length === b.length ? Math.hypot(...Array.from(a, (value, i) => value - b[i])) : Infinity;
}
