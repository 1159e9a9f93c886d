import { mul, neg, relu, sub, type Tensor } from '@tensorflow/tfjs-core';
import { stateless, type Layer } from './layer.ts';
import { nativeOr } from './native-kernel.ts';

/** The slope of every LeakyReLU for negative inputs. */
const alpha = 0.2;

/**
 * max(x, alpha x). Written with relu: exact R1 needs a second derivative, and tfjs's own leakyRelu has none.
 */
function leakyReluOf(features: Tensor): Tensor {
  return nativeOr('LeakyReluNative', { features }, { alpha }, () => [
    sub(relu(features), mul(relu(neg(features)), alpha)),
  ])[0];
}

/** LeakyReLU as a layer. */
export function leakyRelu(): Layer {
  return stateless(leakyReluOf);
}
