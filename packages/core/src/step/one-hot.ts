import { cast, equal, range, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** Labels [B] as rows of zeros with a 1 at the place of the label: [B, classes]. */
export function oneHot(labels: Tensor, classes: number): Tensor {
  return cast(equal(reshape(labels, [-1, 1]), range(0, classes, 1, 'int32')), 'float32');
}
