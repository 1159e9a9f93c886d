import { reshape } from '@tensorflow/tfjs-core';
import { convolution } from '../nn/convolution.ts';
import { dense } from '../nn/dense.ts';
import { dropout } from '../nn/dropout.ts';
import { stateless, type Layer } from '../nn/layer.ts';
import { leakyRelu } from '../nn/leaky-relu.ts';
import type { ModelConfig } from './model-config.ts';

/** The layers of a model's discriminator: images [B, H, W, C] in [-1, 1] -> logits [B, 1]. */
export function discriminatorLayers({ image, discriminator }: ModelConfig): Layer[] {
  const { filters, dropout: rate } = discriminator;
  const convolutions = filters.flatMap((outputs, k) => [
    convolution(`conv${k}`, k === 0 ? image.channels : filters[k - 1], outputs),
    leakyRelu(),
    dropout(rate, k),
  ]);
  const side = image.size / 2 ** filters.length;
  const features = side * side * filters[filters.length - 1];
  return [...convolutions, stateless((x) => reshape(x, [x.shape[0], features])), dense('dense0', features, 1)];
}
