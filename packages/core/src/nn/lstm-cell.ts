/**
 * One time step of an LSTM after its matrix products (formulas in lstm.ts), and its gradient, written by hand.
 * Shapes: R rows, U units. The gates i, f, g, o are concatenated along the last axis.
 */
import { add, concat, mul, sigmoid, slice, sub, tanh, type Tensor } from '@tensorflow/tfjs-core';
import { nativeOr } from './native-kernel.ts';

export interface CellStep {
  /** The gates after their activation: [R, 4U]. */
  readonly gates: Tensor;
  /** The new cell state and its tanh: [R, U]. */
  readonly cell: Tensor;
  readonly tanhCell: Tensor;
  /** [R, U] */
  readonly hidden: Tensor;
}

const gatesOf = (z: Tensor): Tensor[] => {
  const [rows, width] = z.shape as [number, number];
  return [0, 1, 2, 3].map((k) => slice(z, [0, (k * width) / 4], [rows, width / 4]));
};

/**
 * @param z [R, 4U], before the bias
 * @param cell the cell state before the step: [R, U]
 */
export function cellForward(z: Tensor, bias: Tensor, cell: Tensor): CellStep {
  const [gates, newCell, tanhCell, hidden] = nativeOr('LstmCellNative', { z, bias, cell }, {}, () => {
    const [zi, zf, zg, zo] = gatesOf(add(z, bias));
    const [i, f, g, o] = [sigmoid(zi), sigmoid(zf), tanh(zg), sigmoid(zo)];
    const c = add(mul(f, cell), mul(i, g));
    const tanhC = tanh(c);
    return [concat([i, f, g, o], 1), c, tanhC, mul(o, tanhC)];
  });
  return { gates, cell: newCell, tanhCell, hidden };
}

const sigmoidSlope = (y: Tensor): Tensor => mul(y, sub(1, y));
const tanhSlope = (y: Tensor): Tensor => sub(1, mul(y, y));

/**
 * The backward pass of one step. Takes the gradients of the step's hidden state and cell state; returns the gradients
 * of z [R, 4U] and of the cell state before the step [R, U].
 * @param before the cell state before the step
 */
export function cellBackward(
  dHidden: Tensor,
  dCell: Tensor,
  { gates, tanhCell }: Pick<CellStep, 'gates' | 'tanhCell'>,
  before: Tensor,
): [dz: Tensor, dBefore: Tensor] {
  const [dz, dBefore] = nativeOr('LstmCellGradNative', { dHidden, dCell, gates, before, tanhCell }, {}, () => {
    const [i, f, g, o] = gatesOf(gates);
    const dc = add(mul(mul(dHidden, o), tanhSlope(tanhCell)), dCell);
    const parts = [
      mul(mul(dc, g), sigmoidSlope(i)),
      mul(mul(dc, before), sigmoidSlope(f)),
      mul(mul(dc, i), tanhSlope(g)),
      mul(mul(dHidden, tanhCell), sigmoidSlope(o)),
    ];
    return [concat(parts, 1), mul(dc, f)];
  });
  return [dz, dBefore];
}
