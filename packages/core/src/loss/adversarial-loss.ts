/**
 * Adversarial losses on logits, as means over a shard. In the formulas, D is the discriminator's loss and G the
 * generator's. l_r and l_f are the discriminator's logits of real and fake images, [B, 1]. E is the mean; sp is
 * softplus.
 */
import { add, mean, mul, neg, relu, softplus, square, sub, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/model-config.ts';

/** A loss that judges each image by itself: its three formulas, on logits [B, 1]. */
export interface SeparateLoss {
  /** The discriminator's loss on real images. */
  real(logits: Tensor): Scalar;
  /** The discriminator's loss on fake images. */
  fake(logits: Tensor): Scalar;
  /** The generator's loss on fake images. */
  generator(logits: Tensor): Scalar;
}

/** A loss that compares each real image with the fake image at the same place of the shard, on logits [B, 1]. */
export interface PairedLoss {
  /** The discriminator's loss on the pairs. */
  discriminator(real: Tensor, fake: Tensor): Scalar;
  /** The generator's loss on the pairs. */
  generator(real: Tensor, fake: Tensor): Scalar;
}

/** The formulas of a loss. */
export type AdversarialLoss = SeparateLoss | PairedLoss;

/** Whether a loss compares real images with fake ones. */
export function isPaired(loss: AdversarialLoss): loss is PairedLoss {
  return 'discriminator' in loss;
}

/** Goodfellow et al., 2014. D = E sp(-l_r) + E sp(l_f), G = E sp(-l_f). */
const nonSaturating: SeparateLoss = {
  real: (logits) => mean(softplus(neg(logits))),
  fake: (logits) => mean(softplus(logits)),
  generator: (logits) => mean(softplus(neg(logits))),
};

/** Lim & Ye, 2017. D = E relu(1 - l_r) + E relu(1 + l_f), G = -E l_f. */
const hinge: SeparateLoss = {
  real: (logits) => mean(relu(sub(1, logits))),
  fake: (logits) => mean(relu(add(1, logits))),
  generator: (logits) => neg(mean(logits)),
};

/** Mao et al., 2017. D = 0.5 E (l_r - 1)^2 + 0.5 E l_f^2, G = 0.5 E (l_f - 1)^2. */
const leastSquares: SeparateLoss = {
  real: (logits) => mul(0.5, mean(square(sub(logits, 1)))),
  fake: (logits) => mul(0.5, mean(square(logits))),
  generator: (logits) => mul(0.5, mean(square(sub(logits, 1)))),
};

/** Arjovsky et al., 2017. D = E l_f - E l_r, G = -E l_f. Needs a bound on the slope of D, such as a penalty. */
const wasserstein: SeparateLoss = {
  real: (logits) => neg(mean(logits)),
  fake: (logits) => mean(logits),
  generator: (logits) => neg(mean(logits)),
};

/**
 * Jolicoeur-Martineau, 2018; Huang et al., 2024 (R3GAN). D = E sp(-(l_r - l_f)), G = E sp(-(l_f - l_r)). Needs a bound
 * on the slope of D at real and at fake images, such as R1 and R2.
 */
const relativistic: PairedLoss = {
  discriminator: (real, fake) => mean(softplus(sub(fake, real))),
  generator: (real, fake) => mean(softplus(sub(real, fake))),
};

/**
 * One-sided label smoothing (Salimans et al., 2016): cross-entropy against the target 1 - s for real images,
 * (1 - s) E sp(-l_r) + s E sp(l_r).
 */
function smoothed(share: number): SeparateLoss {
  const { real, fake } = nonSaturating;
  return { ...nonSaturating, real: (logits) => add(mul(1 - share, real(logits)), mul(share, fake(logits))) };
}

/** The loss that a model's configuration names. */
export function adversarialLoss({
  loss,
  labelSmoothing = 0,
}: Pick<ModelConfig, 'loss' | 'labelSmoothing'>): AdversarialLoss {
  if (labelSmoothing > 0) return smoothed(labelSmoothing);
  return { 'non-saturating': nonSaturating, hinge, 'least-squares': leastSquares, wasserstein, relativistic }[loss];
}

/** Whether a model's loss compares real images with fake ones, so that its generator phase reads real images, too. */
export function readsPairs(model: Pick<ModelConfig, 'loss'>): boolean {
  return isPaired(adversarialLoss(model));
}
