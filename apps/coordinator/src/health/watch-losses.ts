/**
 * Judges a training by its losses. All rules count images, not steps, so that they mean the same for every batch size.
 */
import type { ModelConfig } from '@lstm-gan/core';
import { imagesPerStep, type RunConfig, type StepMetrics } from '@lstm-gan/run';

/** What the losses say at the moment. */
type LossVerdict =
  | { readonly kind: 'unknown' | 'healthy' }
  | { readonly kind: 'diverged' | 'discriminator-ahead'; readonly message: string };

export interface LossWatch {
  /** Takes the losses of the next step. */
  observe(metrics: Pick<StepMetrics, 'step' | 'losses'>): LossVerdict;
  /** Forgets all steps: training goes on from an earlier one. */
  forget(): void;
}

/** The losses are averaged over blocks of so many images, and judged over so many blocks: 5,000 images. */
const [blockImages, judgedBlocks] = [1000, 5];
/** A discriminator is ahead if so little is left of the loss that it would have if it could not tell images apart. */
const leastShare = 0.05;
/** A critic is ahead if it tells images so much further apart than when it had just learned to. */
const mostGrowth = 3;
/** One step with a large loss may be chance. */
const divergedSteps = 3;

/**
 * Watches the losses of a run.
 *
 * **Diverged:** in three steps in a row, the losses stand for logits beyond `mostLogit`.
 *
 * **The discriminator is ahead:** its mean loss over 5,000 images, without the penalty, is nearer than 5 % to the least
 * one that it can have; 100 % is its loss if it gives real and fake images the same logit (`lossRange`). For a
 * non-saturating loss L, exp(-L / 2) is the geometric mean of the probabilities that it gives to the truth: 0.966 at
 * 5 %. A critic (`wasserstein`) has no least loss. It is ahead if it tells real and fake images
 * more than three times as far apart as between its first 5,000 and 10,000 images, when it had just learned to.
 */
export function createLossWatch(config: RunConfig): LossWatch {
  const { model } = config;
  const blockSteps = Math.max(1, Math.round(blockImages / imagesPerStep(config)));
  const limit = mostLogit(model);
  let blocks: number[] = [];
  let block: number[] = [];
  let firstGap: number | undefined;
  let largeSteps = 0;
  let lastStep = 0;
  let ahead: LossVerdict = { kind: 'unknown' };
  const forget = (): void => {
    [blocks, block, firstGap, largeSteps, ahead] = [[], [], undefined, 0, { kind: 'unknown' }];
  };

  /** Judges the discriminator at the end of a block. */
  const judge = (): LossVerdict => {
    if (blocks.length < judgedBlocks) return { kind: 'unknown' };
    const loss = meanOf(blocks.slice(-judgedBlocks));
    const images = (judgedBlocks * blockImages).toLocaleString('en');
    if (model.loss === 'wasserstein') {
      if (blocks.length < 2 * judgedBlocks) return { kind: 'unknown' };
      firstGap ??= Math.max(-loss, leastGap(model));
      if (-loss <= mostGrowth * firstGap) return { kind: 'healthy' };
      const message = `The critic told real and fake images ${(-loss / firstGap).toFixed(1)} times as far apart over the last ${images} images as when it had just learned to: the generator falls behind.`;
      return { kind: 'discriminator-ahead', message };
    }
    const { least, undecided } = lossRange(model);
    const share = (loss - least) / (undecided - least);
    if (share >= leastShare) return { kind: 'healthy' };
    const message = `The discriminator told real from fake images almost without a mistake over the last ${images} images: its mean loss was ${loss.toPrecision(2)}, and ${undecided.toPrecision(2)} if it could not tell them apart.`;
    return { kind: 'discriminator-ahead', message };
  };

  return {
    forget,
    observe({ step, losses }) {
      if (step !== lastStep + 1) forget();
      lastStep = step;
      const logit = impliedLogit(model, losses);
      largeSteps = logit > limit ? largeSteps + 1 : 0;
      block.push(losses.discriminator);
      if (block.length === blockSteps) {
        blocks = [...blocks, meanOf(block)].slice(-2 * judgedBlocks);
        block = [];
        ahead = judge();
      }
      if (largeSteps < divergedSteps) return ahead;
      const message = `The losses have diverged: since step ${step - divergedSteps + 1} they stand for logits beyond ${Math.round(limit).toLocaleString('en')}, now about ${logit.toPrecision(2)}.`;
      return { kind: 'diverged', message };
    },
  };
}

/**
 * Returns the least loss of the discriminator, and its loss if it gives all images the best logit that does not depend
 * on the image. With one-sided label smoothing s, the least loss on real images is the entropy of s, at the probability
 * 1 - s; on fake images it is 0. The formulas of the losses are in `packages/core/src/loss/adversarial-loss.ts`.
 */
function lossRange({ loss, labelSmoothing: s = 0 }: ModelConfig): { least: number; undecided: number } {
  switch (loss) {
    case 'non-saturating': {
      // Half of the images are real, with the target 1 - s: the best probability is p = (1 - s) / 2.
      const p = (1 - s) / 2;
      return { least: entropy(s), undecided: 2 * entropy(p) };
    }
    case 'hinge':
      return { least: 0, undecided: 2 };
    case 'least-squares':
      return { least: 0, undecided: 0.25 };
    case 'wasserstein':
      return { least: -Infinity, undecided: 0 };
    case 'relativistic':
      return { least: 0, undecided: Math.LN2 };
  }
}

/** The entropy of a probability, in nats. */
function entropy(p: number): number {
  return p === 0 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
}

/**
 * The size of the logits that losses stand for. A loss of a large logit l is |l| itself (non-saturating, hinge) or
 * l^2 / 2 (least squares). A loss of a large difference of two logits is the difference itself (relativistic). A critic's
 * logits may drift together, so it is judged by how far apart it tells images: by its own loss.
 */
function impliedLogit({ loss }: ModelConfig, { discriminator, generator }: StepMetrics['losses']): number {
  if (loss === 'wasserstein') return Math.abs(discriminator);
  const largest = Math.max(Math.abs(discriminator), Math.abs(generator));
  return loss === 'least-squares' ? Math.sqrt(2 * largest) : largest;
}

/**
 * Logits beyond this are a divergence. The probability of a logit beyond 104 is 0 or 1 in float32 (its least number is
 * about exp(-103)): ten times as much is no answer any more. A critic whose slope is 1 tells two images at most as far
 * apart as they are; ten times the distance of black and white is a slope of 10 between them.
 */
function mostLogit(model: ModelConfig): number {
  return model.loss === 'wasserstein' ? 10 * largestDistance(model) : 1000;
}

/** A critic that tells images less far apart than this has not learned anything yet. */
function leastGap(model: ModelConfig): number {
  return 0.01 * largestDistance(model);
}

/** The distance of a black and a white image, with pixels in [-1, 1]. */
function largestDistance({ image: { size, channels } }: ModelConfig): number {
  return 2 * Math.sqrt(size * size * channels);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
