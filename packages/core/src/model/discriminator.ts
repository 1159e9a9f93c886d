import { convolution } from '../nn/convolution.ts';
import { dense } from '../nn/dense.ts';
import { dropout } from '../nn/dropout.ts';
import type { Layer } from '../nn/layer.ts';
import { leakyRelu } from '../nn/leaky-relu.ts';
import { linear } from '../nn/linear.ts';
import { minibatchDeviation } from '../nn/minibatch-deviation.ts';
import { projection } from '../nn/projection.ts';
import { spectralNorm } from '../nn/spectral-norm.ts';
import { toShape } from '../nn/to-shape.ts';
import { customLayers } from './custom-networks.ts';
import type { ModelConfig } from './model-config.ts';

/** The layers of a model's discriminator: images [B, H, W, C] in [-1, 1] -> logits [B, 1]. */
export function discriminatorLayers(model: ModelConfig): readonly Layer[] {
  const { image, discriminator, condition } = model;
  if (discriminator.kind === 'custom') return customLayers(model, 'discriminator');
  const { filters, dropout: rate, minibatchDeviation: groupSize, spectralNorm: isNormalized = false } = discriminator;
  const normalized = (layer: Layer): Layer => (isNormalized ? spectralNorm(layer) : layer);
  const convolutions = filters.flatMap((outputs, k) => [
    normalized(convolution(`conv${k}`, k === 0 ? image.channels : filters[k - 1], outputs)),
    leakyRelu(),
    dropout(rate, k),
  ]);
  const side = image.size / 2 ** filters.length;
  const features = side * side * filters[filters.length - 1];
  const flat = [...convolutions, toShape([features])];
  const logits = (inputs: number): Layer => {
    const ofAll = normalized(dense('dense0', inputs, 1));
    return condition === undefined
      ? ofAll
      : projection(ofAll, normalized(linear('classes', inputs, condition.classes)));
  };
  if (groupSize === undefined) return [...flat, logits(features)];
  return [...flat, minibatchDeviation(groupSize), logits(features + 1)];
}
