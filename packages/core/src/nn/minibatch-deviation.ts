import { add, concat, mean, mul, ones, reshape, sqrt, square, sub, transpose } from '@tensorflow/tfjs-core';
import { UserError } from '../errors/user-error.ts';
import { stateless, type Layer } from './layer.ts';

/** Keeps the slope of the square root finite where all images of a group are equal. */
const epsilon = 1e-8;

/**
 * Minibatch standard deviation (Karras et al., 2018), [B, F] -> [B, F + 1]. The images are divided into groups of
 * `groupSize` neighbours. The new feature is the same for all images of a group: the standard deviation of each of the
 * F features over the group, averaged over the features. Its formula throws a UserError if B is not a multiple of the
 * group's size.
 */
export function minibatchDeviation(groupSize: number): Layer {
  return stateless((x) => {
    const [batch, features] = x.shape;
    const groups = batch / groupSize;
    if (!Number.isInteger(groups)) {
      throw new UserError({
        code: 'layer-failed',
        message: `minibatchDeviation cannot divide ${batch} images into groups of ${groupSize}.`,
        advice: 'Give it a number of images that divides shardSize.',
      });
    }
    // The axis that is averaged over comes first, because our own sums are over first axes only.
    const members = transpose(reshape(x, [groups, groupSize, features]), [1, 2, 0]); // [G, F, groups]
    const variance = mean(square(sub(members, mean(members, 0, true))), 0); // [F, groups]
    const deviation = mean(sqrt(add(variance, epsilon)), 0); // [groups]
    const ofEach = transpose(mul(ones([groupSize, 1]), reshape(deviation, [1, groups]))); // [groups, G]
    return concat([x, reshape(ofEach, [batch, 1])], 1);
  });
}
