/**
 * GRU (Cho et al., 2014, with the reset before the product; gates in the order r, u, n):
 *
 *   [r u] = sigmoid(x_t W_x + h_(t-1) W_h + b)            reset and update gate
 *   n     = tanh(x_t W_n + (r h_(t-1)) U_n + b_n)         candidate
 *   h_t   = u h_(t-1) + (1 - u) n
 *
 * The input projection of all time steps is one product with the kernel [W_x W_n]. The backward pass is written by hand
 * so that each weight gradient is one product too. B batch, T time steps, F features, U units. Time comes first: [T * B,
 * ...].
 */
import {
  add,
  concat,
  customGrad,
  matMul,
  mul,
  sigmoid,
  slice,
  sub,
  sum,
  tanh,
  transpose,
  zeros,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { splitSteps } from './over-time.ts';
import { thinProduct, thinProductTransposed } from './thin-product.ts';

/** The inputs of a GRU over time. */
export interface GruInputs {
  /** [T * B, F] */
  readonly x: Tensor2D;
  /** [W_x W_n]: [F, 3U] */
  readonly kernel: Tensor2D;
  /** W_h: [U, 2U] */
  readonly gateKernel: Tensor2D;
  /** U_n: [U, U] */
  readonly candidateKernel: Tensor2D;
  /** [3U] */
  readonly bias: Tensor;
  /** T */
  readonly steps: number;
}

/** What the backward pass reads of a time step: [B, U] each. */
interface GruStep {
  /** The state before the step. */
  readonly before: Tensor;
  readonly reset: Tensor;
  readonly update: Tensor;
  readonly candidate: Tensor;
}
const valuesOf = ({ before, reset, update, candidate }: GruStep): Tensor[] => [before, reset, update, candidate];

/** Returns the states after all steps, [T * B, U]. Has a gradient for every input. */
export function runGru({ x, kernel, gateKernel, candidateKernel, bias, steps }: GruInputs): Tensor {
  const op = customGrad((...inputs) => {
    const save = inputs[inputs.length - 1] as unknown as (tensors: Tensor[]) => void;
    const [rows, ofInput, ofGates, ofCandidate, offset] = inputs as Tensor2D[];
    const { cells, hidden } = forward({
      x: rows,
      kernel: ofInput,
      gateKernel: ofGates,
      candidateKernel: ofCandidate,
      bias: offset,
      steps,
    });
    save([rows, ofInput, ofGates, ofCandidate, ...cells.flatMap(valuesOf)]);
    return { value: hidden, gradFunc: (dy: Tensor, saved: Tensor[]) => backward(dy, saved, steps) };
  });
  return op(x, kernel, gateKernel, candidateKernel, bias);
}

/** Cuts columns out of rows: [N, ...] -> [N, count]. */
const columns = (rows: Tensor, begin: number, count: number): Tensor => slice(rows, [0, begin], [rows.shape[0], count]);

function forward({ x, kernel, gateKernel, candidateKernel, bias, steps }: GruInputs) {
  const units = candidateKernel.shape[0];
  const projected = splitSteps(add(matMul(x, kernel), bias), steps); // T x [B, 3U]
  const cells: GruStep[] = [];
  const hidden: Tensor[] = [];
  for (let t = 0; t < steps; t++) {
    const before = t === 0 ? zeros([x.shape[0] / steps, units]) : hidden[t - 1];
    // The first state is zero, so its products are too.
    const withState = (z: Tensor, state: Tensor, matrix: Tensor) => (t === 0 ? z : add(z, thinProduct(state, matrix)));
    const gates = sigmoid(withState(columns(projected[t], 0, 2 * units), before, gateKernel)); // [B, 2U]
    const [reset, update] = [columns(gates, 0, units), columns(gates, units, units)];
    const candidate = tanh(withState(columns(projected[t], 2 * units, units), mul(reset, before), candidateKernel));
    cells.push({ before, reset, update, candidate });
    hidden.push(add(mul(update, before), mul(sub(1, update), candidate)));
  }
  return { cells, hidden: concat(hidden, 0) };
}

function backward(dHidden: Tensor, saved: Tensor[], steps: number): Tensor[] {
  const [x, kernel, gateKernel, candidateKernel] = saved as Tensor2D[];
  const cells = Array.from({ length: steps }, (_, t): GruStep => {
    const [before, reset, update, candidate] = saved.slice(4 + 4 * t, 8 + 4 * t);
    return { before, reset, update, candidate };
  });
  const dZ = backwardThroughTime(splitSteps(dHidden, steps), cells, gateKernel, candidateKernel);
  const ofAll = concat(dZ, 0) as Tensor2D; // [T * B, 3U]
  const units = candidateKernel.shape[0];
  const rowsOf = (value: (step: GruStep) => Tensor) => transpose(concat(cells.map(value), 0)) as Tensor2D; // [U, T * B]
  const [ofGates, ofCandidate] = [columns(ofAll, 0, 2 * units), columns(ofAll, 2 * units, units)] as Tensor2D[];
  return [
    matMul(ofAll, kernel, false, true),
    matMul(transpose(x), ofAll),
    matMul(
      rowsOf(({ before }) => before),
      ofGates,
    ),
    matMul(
      rowsOf(({ before, reset }) => mul(reset, before)),
      ofCandidate,
    ),
    sum(ofAll, 0),
  ];
}

const sigmoidSlope = (y: Tensor): Tensor => mul(y, sub(1, y));
const tanhSlope = (y: Tensor): Tensor => sub(1, mul(y, y));

/** The gradients of r, u and n before their activation, T times [B, 3U]. */
function backwardThroughTime(
  dHidden: Tensor[],
  cells: GruStep[],
  gateKernel: Tensor,
  candidateKernel: Tensor,
): Tensor[] {
  const dz: Tensor[] = new Array(cells.length);
  let dh = dHidden[cells.length - 1];
  for (let t = cells.length - 1; t >= 0; t--) {
    const { before, reset, update, candidate } = cells[t];
    const dCandidate = mul(mul(dh, sub(1, update)), tanhSlope(candidate));
    const dResetState = thinProductTransposed(dCandidate, candidateKernel); // the gradient of r h
    const dGates = concat(
      [mul(mul(dResetState, before), sigmoidSlope(reset)), mul(mul(dh, sub(before, candidate)), sigmoidSlope(update))],
      1,
    ); // [B, 2U]
    dz[t] = concat([dGates, dCandidate], 1);
    if (t === 0) break;
    const dBefore = add(mul(dh, update), mul(dResetState, reset));
    dh = add(dHidden[t - 1], add(dBefore, thinProductTransposed(dGates, gateKernel)));
  }
  return dz;
}
