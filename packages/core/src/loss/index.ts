/**
 * Losses and penalties of a GAN, and the augmentation of what its discriminator sees: formulas on tensors of tfjs.
 *
 * @module loss
 * @category Losses
 */
export {
  adversarialLoss,
  isPaired,
  type AdversarialLoss,
  type PairedLoss,
  type SeparateLoss,
} from './adversarial-loss.ts';
export { augment } from './augment.ts';
export { approximatePenalty, exactPenalty, type ExactRegularizer, type JudgedImages } from './gradient-penalty.ts';
