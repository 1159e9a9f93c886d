import {
  add,
  customGrad,
  div,
  matMul,
  mul,
  reshape,
  sqrt,
  square,
  sum,
  transpose,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { UserError } from '../errors/user-error.ts';
import { directionSuffix } from '../weights/state-names.ts';
import type { Layer } from './layer.ts';

/**
 * A layer whose kernel [..., N] is divided by its largest singular value (Miyato et al., 2018), as a matrix of N columns.
 * The value is estimated by one power iteration in each pass. The iteration starts from the direction of the last
 * update, a state of the network: [N].
 */
export function spectralNorm(layer: Layer): Layer {
  const kernel = layer.parameters.find(({ name }) => name.endsWith('/kernel'));
  if (kernel === undefined) {
    throw new UserError({
      code: 'bad-layers',
      message: 'spectralNorm takes a layer with a parameter LAYER/kernel.',
      advice: 'Give it for example a dense layer or a convolution, and leave the layers without weights as they are.',
    });
  }
  const columns = kernel.shape.at(-1) as number;
  const direction = kernel.name.replace(/\/kernel$/, directionSuffix);
  return {
    parameters: [
      ...layer.parameters,
      {
        name: direction,
        shape: [columns],
        role: 'state',
        initializer: { kind: 'glorot', fanIn: columns, fanOut: columns },
      },
    ],
    apply(x, pass) {
      const weights = pass.parameter(kernel.name);
      const { value, next } = largestSingularValue(reshape(weights, [-1, columns]), pass.parameter(direction));
      pass.onDirection?.(direction, next);
      const parameter: typeof pass.parameter = (name) =>
        name === kernel.name ? div(weights, value) : pass.parameter(name);
      return layer.apply(x, { ...pass, parameter });
    },
  };
}

/**
 * Estimates the largest singular value of a matrix [M, N] as v^T W u. Gradients pass through W alone, not through the
 * directions u [N] and v [M].
 * @param start the direction u of an earlier estimate
 */
function largestSingularValue(matrix: Tensor, start: Tensor): { value: Tensor; next: Tensor } {
  const fixed = withoutGradient(matrix) as Tensor2D;
  const left = normalize(matMul(fixed, column(start))); // v: [M, 1]
  const right = normalize(matMul(transpose(fixed), left)); // u: [N, 1]
  const value = sum(mul(left, matMul(matrix as Tensor2D, right)));
  return { value, next: reshape(right, [-1]) };
}

const column = (vector: Tensor) => reshape(vector, [-1, 1]) as Tensor2D;

/** A column [K, 1], divided by its length. */
function normalize(vector: Tensor): Tensor2D {
  return div(vector, sqrt(add(sum(square(vector)), 1e-12)));
}

/** The same tensor, as a constant for gradients. */
function withoutGradient(x: Tensor): Tensor {
  return customGrad((input) => ({
    value: (input as Tensor).clone(),
    gradFunc: (dy: Tensor) => zerosLike(dy),
  }))(x);
}
