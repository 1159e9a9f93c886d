import { mul, step, type Tensor } from '@tensorflow/tfjs-core';
import { stateless, type Layer } from './layer.ts';
import { nativeOr } from './native-kernel.ts';

/** The slope of every LeakyReLU for negative inputs, and at 0. */
const alpha = 0.2;

/**
 * max(x, alpha x). Written as a product with the slope: exact R1 needs a second derivative, and tfjs's own leakyRelu
 * has none. The slope at 0 is alpha, as in TensorFlow: an image with cut out pixels gives many zeros.
 */
function leakyReluOf(features: Tensor): Tensor {
  return nativeOr('LeakyReluNative', { features }, { alpha }, () => [mul(features, step(features, alpha))])[0];
}

/** LeakyReLU with slope 0.2, max(x, 0.2 x), as a layer. The shape stays. */
export function leakyRelu(): Layer {
  return stateless(leakyReluOf);
}
