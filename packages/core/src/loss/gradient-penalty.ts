/**
 * Penalties on the discriminator's slope. `discriminate` maps images [B, H, W, C] to logits [B, 1] and uses the same
 * dropout masks at every call.
 */
import {
  add,
  grad,
  mean,
  mul,
  reshape,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { assert } from '../errors/assert.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { randomNormal, randomUniform } from '../nn/stateless-random.ts';

/** A regularizer that reads the exact slope. Training with it needs second derivatives. */
export type ExactRegularizer = Exclude<ModelConfig['regularizer'], { kind: 'none' } | { kind: 'approximate-r1' }>;
type Discriminate = (images: Tensor) => Tensor;

/** Whether a regularizer reads the exact slope. */
export function isExact(regularizer: ModelConfig['regularizer']): regularizer is ExactRegularizer {
  return regularizer.kind !== 'none' && regularizer.kind !== 'approximate-r1';
}

/**
 * lambda E (D(x) - D(x + sigma n))^2 at real images x, where n is normal noise; 0 for every other regularizer.
 * @param logits the result of discriminate(images), which the caller has already computed
 * @param seed key (int32 [2]) of the noise
 */
export function approximatePenalty(
  regularizer: ModelConfig['regularizer'],
  discriminate: Discriminate,
  images: Tensor,
  logits: Tensor,
  seed: Tensor,
): Scalar {
  if (regularizer.kind !== 'approximate-r1') return scalar(0);
  const noise = mul(randomNormal(seed, images.shape), regularizer.sigma);
  return mul(regularizer.lambda, mean(square(sub(logits, discriminate(add(images, noise))))));
}

/** Images of one shard, [B, H, W, C] each, and the discriminator as it judges real and fake images. */
export interface JudgedImages {
  readonly real: Tensor;
  readonly fake: Tensor;
  readonly judgeReal: Discriminate;
  readonly judgeFake: Discriminate;
}

/**
 * The penalty of a regularizer that reads the exact slope, times `every`.
 *
 * * r1: gamma / 2 E_real |grad_x D(x)|^2 (Mescheder et al., 2018)
 * * r1-r2: the same, and gamma / 2 E_fake |grad_x D(x)|^2
 * * gradient-penalty: lambda E (sqrt(1e-4 + |grad_x D(x)|^2) - 1)^2 at x = u real + (1 - u) fake (Gulrajani et al.,
 *   2017). Each pair of images has one uniform u. x is judged as an image of the real image's class. The 1e-4 keeps the
 *   root's slope finite at 0.
 *
 * @param seed key (int32 [2]) of the uniform numbers
 */
export function exactPenalty(regularizer: ExactRegularizer, images: JudgedImages, seed: Tensor): Scalar {
  return mul(regularizer.every, unscaledPenalty(regularizer, images, seed));
}

function unscaledPenalty(
  regularizer: ExactRegularizer,
  { real, fake, judgeReal, judgeFake }: JudgedImages,
  seed: Tensor,
): Scalar {
  switch (regularizer.kind) {
    case 'r1':
      return mul(regularizer.gamma / 2, mean(squaredSlopes(judgeReal, real)));
    case 'r1-r2': {
      const both = add(mean(squaredSlopes(judgeReal, real)), mean(squaredSlopes(judgeFake, fake)));
      return mul(regularizer.gamma / 2, both);
    }
    case 'gradient-penalty': {
      const [batch] = real.shape;
      assert(batch !== undefined, 'images have a batch axis');
      const share = randomUniform(seed, [batch, 1, 1, 1]);
      const between = add(fake, mul(share, sub(real, fake)));
      const slopes = sqrt(add(squaredSlopes(judgeReal, between), 1e-4));
      return mul(regularizer.lambda, mean(square(sub(slopes, 1))));
    }
  }
}

/** |grad_x D(x)|^2 of each image: [B]. */
function squaredSlopes(discriminate: Discriminate, images: Tensor): Tensor {
  const slopes = grad((x) => sum(discriminate(x)))(images); // [B, H, W, C]
  // The images are transposed, because our own sums are over first axes only.
  return sum(transpose(square(reshape(slopes, [images.shape[0], -1]))), 0);
}
