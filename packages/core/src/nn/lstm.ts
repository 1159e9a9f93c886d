/**
 * LSTM (Hochreiter & Schmidhuber, 1997; gates in the order i, f, g, o):
 *
 *   [i f g o] = x_t W_x + h_(t-1) W_h + b,   i f o through sigmoid, g through tanh
 *   c_t = f c_(t-1) + i g,   h_t = o tanh(c_t)
 *
 * The input projection of all time steps is one product, and the backward pass is written by hand so that each weight
 * gradient is one product too. B batch, T time steps, F features, U units. Inside this file time comes first: [T * B,
 * ...].
 */
import {
  add,
  concat,
  customGrad,
  matMul,
  reshape,
  slice,
  sum,
  transpose,
  zeros,
  zerosLike,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { cellBackward, cellForward, type CellStep } from './lstm-cell.ts';
import type { Layer } from './layer.ts';
import { thinProduct, thinProductTransposed } from './thin-product.ts';

/**
 * Above this many units the recurrent kernel starts Glorot-uniform, because making it orthogonal would take seconds.
 */
const largestOrthogonalUnits = 512;

/** [B, T, F] -> [B, T, U]. */
export function lstm(name: string, features: number, units: number): Layer {
  const orthogonal = units <= largestOrthogonalUnits;
  return {
    parameters: [
      {
        name: `${name}/kernel`,
        shape: [features, 4 * units],
        role: 'trainable',
        initializer: { kind: 'glorot', fanIn: features, fanOut: 4 * units },
      },
      {
        name: `${name}/recurrentKernel`,
        shape: [units, 4 * units],
        role: 'trainable',
        initializer: orthogonal ? { kind: 'orthogonal' } : { kind: 'glorot', fanIn: units, fanOut: units },
      },
      { name: `${name}/bias`, shape: [4 * units], role: 'trainable', initializer: { kind: 'forget-gate-one' } },
    ],
    apply(x, { parameter }) {
      const [batch, steps] = x.shape;
      const rows = reshape(transpose(x, [1, 0, 2]), [steps * batch, features]); // [T * B, F]
      const weights = [`${name}/kernel`, `${name}/recurrentKernel`, `${name}/bias`].map(parameter);
      const hidden = runLstm(rows as Tensor2D, weights[0] as Tensor2D, weights[1] as Tensor2D, weights[2], steps);
      return transpose(reshape(hidden, [steps, batch, units]), [1, 0, 2]); // [B, T, U]
    },
  };
}

/** [T * B, F] -> [T * B, U], with its gradient. */
function runLstm(x: Tensor2D, kernel: Tensor2D, recurrentKernel: Tensor2D, bias: Tensor, steps: number): Tensor {
  const op = customGrad((...inputs) => {
    const save = inputs[inputs.length - 1] as unknown as (tensors: Tensor[]) => void;
    const [rows, inputKernel, hiddenKernel, offset] = inputs as Tensor[];
    const { initial, cells, hidden } = forward(rows, inputKernel, hiddenKernel, offset, steps);
    save([
      rows,
      inputKernel,
      hiddenKernel,
      hidden,
      initial,
      ...cells.flatMap(({ gates, cell, tanhCell }) => [gates, cell, tanhCell]),
    ]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => backward(dy, saved, steps);
    return { value: hidden, gradFunc };
  });
  return op(x, kernel, recurrentKernel, bias);
}

/** Splits rows into time steps: [T * B, N] -> T times [B, N]. */
function splitSteps(rows: Tensor, steps: number): Tensor[] {
  const count = rows.shape[0] / steps;
  return Array.from({ length: steps }, (_, t) => slice(rows, [t * count, 0], [count, rows.shape[1] as number]));
}

function forward(x: Tensor, kernel: Tensor, recurrentKernel: Tensor, bias: Tensor, steps: number) {
  // The bias is added later: TensorFlow's fused kernel for product and bias uses only one thread, so this product
  // would take 5.4 ms instead of 1.5.
  const projected = splitSteps(matMul(x as Tensor2D, kernel as Tensor2D), steps); // T x [B, 4U]
  const initial = zeros([x.shape[0] / steps, recurrentKernel.shape[0]]);
  const cells: CellStep[] = [];
  for (let t = 0; t < steps; t++) {
    const z = t === 0 ? projected[0] : add(projected[t], thinProduct(cells[t - 1].hidden, recurrentKernel));
    cells.push(cellForward(z, bias, t === 0 ? initial : cells[t - 1].cell));
  }
  return {
    initial,
    cells,
    hidden: concat(
      cells.map(({ hidden }) => hidden),
      0,
    ),
  };
}

function backward(dHidden: Tensor, saved: Tensor[], steps: number): Tensor[] {
  const [x, kernel, recurrentKernel, hidden, initial] = saved as Tensor2D[];
  const cells = Array.from({ length: steps }, (_, t) => {
    const [gates, cell, tanhCell] = saved.slice(5 + 3 * t, 8 + 3 * t);
    return { gates, cell, tanhCell };
  });
  const dZ = concat(backwardThroughTime(splitSteps(dHidden, steps), initial, cells, recurrentKernel), 0) as Tensor2D; // [T * B, 4U]
  // Explicit transposes: in TensorFlow, the product with a transposed copy is twice as fast as one with transpose_a.
  const dKernel = matMul(transpose(x), dZ);
  const batch = x.shape[0] / steps;
  const earlier = slice(hidden, [0, 0], [(steps - 1) * batch, hidden.shape[1]]);
  const later = slice(dZ, [batch, 0], [(steps - 1) * batch, dZ.shape[1]]);
  const dRecurrentKernel = matMul(transpose(earlier), later);
  return [matMul(dZ, kernel, false, true), dKernel, dRecurrentKernel, sum(dZ, 0)];
}

/** The gradients of the gates before their activation, T times [B, 4U]. */
function backwardThroughTime(
  dHidden: Tensor[],
  initial: Tensor,
  cells: Omit<CellStep, 'hidden'>[],
  recurrentKernel: Tensor2D,
): Tensor[] {
  const dz: Tensor[] = new Array(cells.length);
  let dh = dHidden[cells.length - 1];
  // No later step reads the last cell state, so its gradient is zero.
  let dc: Tensor = zerosLike(initial);
  for (let t = cells.length - 1; t >= 0; t--) {
    [dz[t], dc] = cellBackward(dh, dc, cells[t], t === 0 ? initial : cells[t - 1].cell);
    if (t === 0) break;
    dh = add(dHidden[t - 1], thinProductTransposed(dz[t], recurrentKernel));
  }
  return dz;
}
