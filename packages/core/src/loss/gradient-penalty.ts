/**
 * Penalties on the discriminator's slope at real images. `discriminate` maps images [B, H, W, C] to logits [B, 1] and
 * uses the same dropout masks at every call.
 */
import { add, grad, mean, mul, scalar, square, sub, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/model-config.ts';
import { randomNormal } from '../nn/stateless-random.ts';

type Discriminate = (images: Tensor) => Tensor;

/**
 * Returns the penalty of a model's regularizer at real images.
 * @param logits the result of discriminate(images), which the caller has already computed
 * @param seed key (int32 [2]) of the noise of approximate R1
 */
export function gradientPenalty(
  regularizer: ModelConfig['regularizer'],
  discriminate: Discriminate,
  images: Tensor,
  logits: Tensor,
  seed: Tensor,
): Scalar {
  switch (regularizer.kind) {
    case 'none':
      return scalar(0);
    case 'r1':
      return exactR1(discriminate, images, regularizer.gamma);
    case 'approximate-r1': {
      const noise = mul(randomNormal(seed, images.shape), regularizer.sigma);
      return mul(regularizer.lambda, mean(square(sub(logits, discriminate(add(images, noise))))));
    }
  }
}

/** gamma / 2 E |grad_x D(x)|^2 (Mescheder et al., 2018). Training with it needs second derivatives. */
function exactR1(discriminate: Discriminate, images: Tensor, gamma: number): Scalar {
  const slopes = grad((x) => sum(discriminate(x)))(images); // [B, H, W, C]
  return mul(gamma / 2 / images.shape[0], sum(square(slopes)));
}
