import { statelessUniform } from './stateless-uniform.ts';

/**
 * Labels (numbers of classes) of the stream that `key` (int32 [2]) names, drawn with the frequencies of the classes.
 * @param frequencies for each class a number above or equal to 0; the sum is above 0
 */
export function drawLabels(key: ArrayLike<number>, count: number, frequencies: readonly number[]): Int32Array {
  let total = 0;
  const ends = frequencies.map((frequency) => (total += frequency));
  return Int32Array.from(statelessUniform(key, count), (value) => ends.findIndex((end) => value * total < end));
}
