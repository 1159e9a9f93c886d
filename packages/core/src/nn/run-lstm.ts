/**
 * LSTM (Hochreiter & Schmidhuber, 1997; gates in the order i, f, g, o):
 *
 *   [i f g o] = x_t W_x + h_(t-1) W_h + b,   i f o through sigmoid, g through tanh
 *   c_t = f c_(t-1) + i g,   h_t = o tanh(c_t)
 *
 * The input projection of all time steps is one product, and the backward pass is written by hand so that each weight
 * gradient is one product too. R rows, T time steps, F features, U units. Time comes first: [T * R, ...]. A row is an
 * image of a batch; in a convolutional LSTM, a row is a position in the map of an image.
 */
import {
  add,
  concat,
  customGrad,
  matMul,
  slice,
  sum,
  transpose,
  zeros,
  zerosLike,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { cellBackward, cellForward, type CellStep } from './lstm-cell.ts';
import { splitSteps } from './over-time.ts';
import { thinProduct, thinProductTransposed } from './thin-product.ts';

/**
 * Which numbers of the state the product with W_h reads. The two functions are linear, and `scatter` is the transpose
 * of `gather`: the gradient of the state, from the gradient of the numbers.
 */
interface Neighbourhood {
  /** [N, U] -> [N, K] */
  gather(hidden: Tensor): Tensor;
  /** [N, K] -> [N, U] */
  scatter(dGathered: Tensor): Tensor;
}

/** Each row reads its own state: K = U. */
const ownRow: Neighbourhood = { gather: (hidden) => hidden, scatter: (dGathered) => dGathered };

/** The five inputs of an LSTM over time. */
export interface LstmInputs {
  /** [T * R, F] */
  readonly x: Tensor2D;
  /** [F, 4U] */
  readonly kernel: Tensor2D;
  /** [K, 4U], where K is U if each row reads its own state */
  readonly recurrentKernel: Tensor2D;
  /** [4U] */
  readonly bias: Tensor;
  /** T */
  readonly steps: number;
}

/** Returns the states after all steps, [T * R, U]. Has a gradient for every input. */
export function runLstm({ x, kernel, recurrentKernel, bias, steps }: LstmInputs, neighbourhood = ownRow): Tensor {
  const op = customGrad((...inputs) => {
    const save = inputs[inputs.length - 1] as unknown as (tensors: Tensor[]) => void;
    const [rows, inputKernel, hiddenKernel, offset] = inputs as Tensor[];
    const { initial, cells, hidden } = forward(
      { x: rows, kernel: inputKernel, recurrentKernel: hiddenKernel, bias: offset, steps } as LstmInputs,
      neighbourhood,
    );
    save([
      rows,
      inputKernel,
      hiddenKernel,
      hidden,
      initial,
      ...cells.flatMap(({ gates, cell, tanhCell }) => [gates, cell, tanhCell]),
    ]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => backward(dy, saved, steps, neighbourhood);
    return { value: hidden, gradFunc };
  });
  return op(x, kernel, recurrentKernel, bias);
}

function forward({ x, kernel, recurrentKernel, bias, steps }: LstmInputs, { gather }: Neighbourhood) {
  // The bias is added later: TensorFlow's fused kernel for product and bias uses only one thread, so this product
  // would take 5.4 ms instead of 1.5.
  const projected = splitSteps(matMul(x, kernel), steps); // T x [R, 4U]
  const initial = zeros([x.shape[0] / steps, recurrentKernel.shape[1] / 4]);
  const cells: CellStep[] = [];
  for (let t = 0; t < steps; t++) {
    const z = t === 0 ? projected[0] : add(projected[t], thinProduct(gather(cells[t - 1].hidden), recurrentKernel));
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

function backward(dHidden: Tensor, saved: Tensor[], steps: number, neighbourhood: Neighbourhood): Tensor[] {
  const [x, kernel, recurrentKernel, hidden, initial] = saved as Tensor2D[];
  const cells = Array.from({ length: steps }, (_, t) => {
    const [gates, cell, tanhCell] = saved.slice(5 + 3 * t, 8 + 3 * t);
    return { gates, cell, tanhCell };
  });
  const dHiddens = splitSteps(dHidden, steps); // T x [R, U]
  const dZ = concat(backwardThroughTime(dHiddens, initial, cells, recurrentKernel, neighbourhood), 0) as Tensor2D; // [T * R, 4U]
  // Explicit transposes: in TensorFlow, the product with a transposed copy is twice as fast as one with transpose_a.
  const dKernel = matMul(transpose(x), dZ);
  const dRecurrentKernel =
    steps === 1 ? zerosLike(recurrentKernel) : ofRecurrentKernel(dZ, hidden, steps, neighbourhood);
  return [matMul(dZ, kernel, false, true), dKernel, dRecurrentKernel, sum(dZ, 0)];
}

/** The gradient of W_h. The state before the first step is zero, so the gradient has no part of the first step. */
function ofRecurrentKernel(dZ: Tensor2D, hidden: Tensor2D, steps: number, { gather }: Neighbourhood): Tensor {
  const count = dZ.shape[0] / steps;
  const earlier = gather(slice(hidden, [0, 0], [(steps - 1) * count, hidden.shape[1]]));
  const later = slice(dZ, [count, 0], [(steps - 1) * count, dZ.shape[1]]);
  return matMul(transpose(earlier) as Tensor2D, later);
}

/** The gradients of the gates before their activation, T times [R, 4U]. */
function backwardThroughTime(
  dHidden: Tensor[],
  initial: Tensor,
  cells: Omit<CellStep, 'hidden'>[],
  recurrentKernel: Tensor2D,
  { scatter }: Neighbourhood,
): Tensor[] {
  const dz: Tensor[] = new Array(cells.length);
  let dh = dHidden[cells.length - 1];
  // No later step reads the last cell state, so its gradient is zero.
  let dc: Tensor = zerosLike(initial);
  for (let t = cells.length - 1; t >= 0; t--) {
    [dz[t], dc] = cellBackward(dh, dc, cells[t], t === 0 ? initial : cells[t - 1].cell);
    if (t === 0) break;
    dh = add(dHidden[t - 1], scatter(thinProductTransposed(dz[t], recurrentKernel)));
  }
  return dz;
}
