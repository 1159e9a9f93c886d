import {
  backend_util,
  Conv2DBackpropFilter,
  conv2d,
  pad,
  slice,
  tidy,
  transpose,
  type Conv2DBackpropFilterAttrs,
  type KernelConfig,
  type KernelFunc,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { assert } from '../errors/assert.ts';

/**
 * The kernel Conv2DBackpropFilter of a backend, made of its Conv2D: the gradient of a convolution's filter,
 *
 *   dW[r, c, i, o] = sum over b, y, x of X[b, s y + r, s x + c, i] dY[b, y, x, o],
 *
 * for the padded input X [B, H, W, I], the output's gradient dY [B, H', W', O] and the stride s. The sum is itself a
 * convolution, whose filter is dY and whose dilation is s: input channels are its batch, images are its channels, and
 * dW is its output [I, R, C, O], transposed to [R, C, I, O].
 */
export function filterGradientKernel(backendName: string): KernelConfig {
  return { kernelName: Conv2DBackpropFilter, backendName, kernelFunc };
}

/** The same function for every backend: `prepareTraining` sees by it that a backend has the kernel already. */
const kernelFunc: KernelFunc = ({ inputs, attrs }) =>
  tidy(() =>
    filterGradient(inputs['x'] as Tensor4D, inputs['dy'] as Tensor4D, attrs as unknown as Conv2DBackpropFilterAttrs),
  );

function filterGradient(x: Tensor4D, dy: Tensor4D, attributes: Conv2DBackpropFilterAttrs): Tensor {
  const { strides, pad: padding, dataFormat, dimRoundingMode, filterShape } = attributes;
  assert(dataFormat === 'NHWC', 'channels come last in all convolutions');
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth } = backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    1,
    padding,
    dimRoundingMode,
  );
  const [batch, height, width, channels] = x.shape;
  /** The rows and columns that the convolution reads, from the first of the padding on. */
  const rows = (outHeight - 1) * strideHeight + filterShape[0];
  const columns = (outWidth - 1) * strideWidth + filterShape[1];
  const { top, left } = padInfo;
  const padded = pad(x, [
    [0, 0],
    [top, Math.max(0, rows - height - top)],
    [left, Math.max(0, columns - width - left)],
    [0, 0],
  ]);
  const read = slice(padded, [0, 0, 0, 0], [batch, rows, columns, channels]);
  const sums = conv2d(transpose(read, [3, 1, 2, 0]), transpose(dy, [1, 2, 0, 3]), 1, 'valid', 'NHWC', [
    strideHeight,
    strideWidth,
  ]); // [I, R, C, O]
  return transpose(sums, [1, 2, 0, 3]);
}
