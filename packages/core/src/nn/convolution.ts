import { conv2d, conv2dTranspose, type Tensor4D } from '@tensorflow/tfjs-core';
import { biasAdd } from './bias-add.ts';
import type { Layer, ParameterSpec } from './layer.ts';

/** The size of a convolution, whose padding is SAME. Only the default is computed by operations of our own. */
export interface ConvolutionSize {
  /** Height and width of the kernel. Default 4. */
  readonly kernel?: number;
  /** By how much a convolution divides, or a transposed one multiplies, height and width. Default 2. */
  readonly stride?: number;
}

function parametersOf(
  name: string,
  kernel: number,
  lastAxes: [number, number],
  inputs: number,
  outputs: number,
): ParameterSpec[] {
  const area = kernel * kernel;
  return [
    {
      name: `${name}/kernel`,
      shape: [kernel, kernel, ...lastAxes],
      role: 'trainable',
      initializer: { kind: 'glorot', fanIn: area * inputs, fanOut: area * outputs },
    },
    { name: `${name}/bias`, shape: [outputs], role: 'trainable', initializer: { kind: 'constant', value: 0 } },
  ];
}

/** A convolution with a bias: [B, H, W, in] -> [B, H / stride, W / stride, out]; kernel [k, k, in, out]. */
export function convolution(
  name: string,
  inputs: number,
  outputs: number,
  { kernel = 4, stride = 2 }: ConvolutionSize = {},
): Layer {
  return {
    parameters: parametersOf(name, kernel, [inputs, outputs], inputs, outputs),
    apply(x, { parameter }) {
      const y = conv2d(x as Tensor4D, parameter(`${name}/kernel`) as Tensor4D, stride, 'same');
      return biasAdd(y, parameter(`${name}/bias`));
    },
  };
}

/** A transposed convolution with a bias: [B, H, W, in] -> [B, stride H, stride W, out]; kernel [k, k, out, in]. */
export function transposedConvolution(
  name: string,
  inputs: number,
  outputs: number,
  { kernel = 4, stride = 2 }: ConvolutionSize = {},
): Layer {
  return {
    parameters: parametersOf(name, kernel, [outputs, inputs], inputs, outputs),
    apply(x, { parameter }) {
      const [batch, height, width] = x.shape;
      const outputShape: [number, number, number, number] = [batch, height * stride, width * stride, outputs];
      const y = conv2dTranspose(x as Tensor4D, parameter(`${name}/kernel`) as Tensor4D, outputShape, stride, 'same');
      return biasAdd(y, parameter(`${name}/bias`));
    },
  };
}
