import { conv2d, conv2dTranspose, type Tensor4D } from '@tensorflow/tfjs-core';
import { biasAdd } from './bias-add.ts';
import type { Layer, ParameterSpec } from './layer.ts';

/** All convolutions: kernel 4 x 4, stride 2, SAME. */
const kernelSize = 4;
const stride = 2;
const area = kernelSize * kernelSize;

function parametersOf(name: string, lastAxes: [number, number], inputs: number, outputs: number): ParameterSpec[] {
  return [
    {
      name: `${name}/kernel`,
      shape: [kernelSize, kernelSize, ...lastAxes],
      role: 'trainable',
      initializer: { kind: 'glorot', fanIn: area * inputs, fanOut: area * outputs },
    },
    { name: `${name}/bias`, shape: [outputs], role: 'trainable', initializer: { kind: 'constant', value: 0 } },
  ];
}

/** [B, H, W, in] -> [B, H/2, W/2, out]; kernel [4, 4, in, out]. */
export function convolution(name: string, inputs: number, outputs: number): Layer {
  return {
    parameters: parametersOf(name, [inputs, outputs], inputs, outputs),
    apply(x, { parameter }) {
      const y = conv2d(x as Tensor4D, parameter(`${name}/kernel`) as Tensor4D, stride, 'same');
      return biasAdd(y, parameter(`${name}/bias`));
    },
  };
}

/** [B, H, W, in] -> [B, 2H, 2W, out]; kernel [4, 4, out, in]. */
export function transposedConvolution(name: string, inputs: number, outputs: number): Layer {
  return {
    parameters: parametersOf(name, [outputs, inputs], inputs, outputs),
    apply(x, { parameter }) {
      const [batch, height, width] = x.shape;
      const outputShape: [number, number, number, number] = [batch, height * stride, width * stride, outputs];
      const y = conv2dTranspose(x as Tensor4D, parameter(`${name}/kernel`) as Tensor4D, outputShape, stride, 'same');
      return biasAdd(y, parameter(`${name}/bias`));
    },
  };
}
