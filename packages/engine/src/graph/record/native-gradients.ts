/** The gradients of the native kernels, in the form in which tfjs takes them. */
import { broadcastTo, engine, zerosLike, type GradConfig, type Tensor } from '@tensorflow/tfjs-core';
import type { GradientKernelName } from './tensorflow-kernels.ts';

function run(
  kernel: GradientKernelName | 'DropoutGradNative',
  inputs: Record<string, Tensor>,
  attributes: Record<string, number> = {},
): Tensor[] {
  const outputs = engine().runKernel(kernel, inputs, attributes) as unknown as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

export const nativeGradients: readonly GradConfig[] = [
  {
    kernelName: 'BiasAddNative',
    gradFunc: (dy) => ({ value: () => dy as Tensor, bias: () => run('BiasAddGradNative', { dy: dy as Tensor })[0] }),
  },
  {
    // The kernel is linear in dy, so its own gradient is a broadcast. Exact R1, a gradient of a gradient, needs this
    // gradient.
    kernelName: 'BiasAddGradNative',
    inputsToSave: ['dy'],
    gradFunc: (ddy, [dy]) => ({ dy: () => broadcastTo(ddy as Tensor, dy.shape) }),
  },
  {
    // The gradient reads the output, which has the sign of the input. If it read the input, TensorFlow could not fuse
    // the activation into the convolution.
    kernelName: 'LeakyReluNative',
    outputsToSave: [true],
    gradFunc: (dy, [features], attrs) => ({
      features: () => run('LeakyReluGradNative', { dy: dy as Tensor, features }, attrs as Record<string, number>)[0],
    }),
  },
  {
    kernelName: 'LeakyReluGradNative',
    inputsToSave: ['features'],
    gradFunc: (ddx, [features], attrs) => ({
      dy: () => run('LeakyReluGradNative', { dy: ddx as Tensor, features }, attrs as Record<string, number>)[0],
      // The slope depends only on the sign of the features, so the gradient with respect to the features is zero.
      features: () => zerosLike(features),
    }),
  },
  {
    kernelName: 'DropoutNative',
    outputsToSave: [false, true],
    gradFunc: (dys, [kept], attrs) => ({
      features: () => run('DropoutGradNative', { dy: (dys as Tensor[])[0], kept }, attrs as Record<string, number>)[0],
    }),
  },
  {
    // This kernel is linear in dy too, like BiasAddGradNative.
    kernelName: 'DropoutGradNative',
    inputsToSave: ['kept'],
    gradFunc: (ddx, [kept], attrs) => ({
      dy: () => run('DropoutGradNative', { dy: ddx as Tensor, kept }, attrs as Record<string, number>)[0],
    }),
  },
  {
    kernelName: 'FusedBatchNormNative',
    inputsToSave: ['x', 'scale'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dys, [x, scale, space1, space2, space3], attrs) => {
      const [dy] = dys as Tensor[];
      // Each of the three gradients (of x, scale and offset) runs FusedBatchNormGradNative again, because tfjs frees
      // the tensors of one gradient function before it calls the next. Lowering merges the three equal nodes.
      const part = (index: number) => () =>
        run('FusedBatchNormGradNative', { dy, x, scale, space1, space2, space3 }, attrs as Record<string, number>)[
          index
        ];
      return { x: part(0), scale: part(1), offset: part(2) };
    },
  },
];
