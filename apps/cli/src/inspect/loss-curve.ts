/** Reduces a loss over many steps to as many points as there is room to draw. */
import type { RecordedStep } from '@lstm-gan/run';

export interface CurvePoint {
  /** The middle of the steps that this point stands for. */
  readonly step: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Returns the loss of a network as at most `pieces` points. */
export function lossCurve(
  steps: readonly RecordedStep[],
  network: 'discriminator' | 'generator',
  pieces: number,
): CurvePoint[] {
  const count = Math.min(pieces, steps.length);
  return Array.from({ length: count }, (_, k) => {
    const piece = steps.slice(Math.floor((k * steps.length) / count), Math.floor(((k + 1) * steps.length) / count));
    const values = piece.map(({ losses }) => losses[network]);
    return {
      step: (piece[0].step + piece[piece.length - 1].step) / 2,
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      min: values.reduce((least, value) => Math.min(least, value), Infinity),
      max: values.reduce((most, value) => Math.max(most, value), -Infinity),
    };
  });
}

/** Returns the least and the greatest value. If all are equal, returns a range around them. */
export function rangeOf(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least < most ? [least, most] : [least - 0.5, most + 0.5];
}
