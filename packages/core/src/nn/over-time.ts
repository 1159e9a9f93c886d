import { reshape, slice, transpose, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Runs a recurrence over time steps: [B, T, F] -> [B, T, U].
 * @param run takes rows [T * B, F], time first, and returns rows [T * B, U]
 */
export function overTime(x: Tensor, units: number, run: (rows: Tensor2D, steps: number) => Tensor): Tensor {
  const [batch, steps, features] = x.shape as [number, number, number];
  const rows = reshape(transpose(x, [1, 0, 2]), [steps * batch, features]) as Tensor2D; // [T * B, F]
  return transpose(reshape(run(rows, steps), [steps, batch, units]), [1, 0, 2]); // [B, T, U]
}

/** Splits rows into time steps: [T * B, N] -> T times [B, N]. */
export function splitSteps(rows: Tensor, steps: number): Tensor[] {
  const count = rows.shape[0] / steps;
  return Array.from({ length: steps }, (_, t) => slice(rows, [t * count, 0], [count, rows.shape[1] as number]));
}
