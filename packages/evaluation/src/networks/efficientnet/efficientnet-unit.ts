/**
 * EfficientNet-Lite0 (Google, 2020; Tan & Le, "EfficientNet", 2019), up to the last block that has 192 channels. Each
 * convolution has the batch normalisation that follows it folded into its kernel and its bias.
 */
import type { ArraySpec, Layer, Layout, Unit } from '@lstm-gan/core';
import { applyLayers, convolution, stateless, unpack } from '@lstm-gan/core/layers';
import { createLayout } from '@lstm-gan/core/weights';
import { add, depthwiseConv2d, mean, mul, relu6, sub, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

/** Width and height of the network's images, which are RGB. */
export const efficientnetSize = 224;

/** The number of features: the means of the last map's channels. */
export const efficientnetFeatures = 192;

/** How many images the unit takes. */
export const efficientnetBatch = 16;

/** The stages of the network: blocks, kernel, stride of the first block, expansion, channels. */
const stages = [
  { blocks: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { blocks: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { blocks: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { blocks: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { blocks: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
  { blocks: 4, kernel: 5, stride: 2, expansion: 6, channels: efficientnetFeatures },
] as const;
const stemChannels = 32;

/** The unit that computes features. Images are uint8 [B, 224, 224, 3], weights a flat vector in the layout. */
export interface EfficientnetUnit {
  readonly layout: Layout;
  /** The features [B, 192]. */
  readonly features: Unit<'weights' | 'images', 'features'>;
}

/** Defines the network. */
export function createEfficientnetUnit(): EfficientnetUnit {
  const layers = [convolution('stem', 3, stemChannels, { kernel: 3, stride: 2 }), activation(), ...blocks()];
  const layout = createLayout(layers.flatMap(({ parameters }) => parameters));
  const images: ArraySpec = { shape: [efficientnetBatch, efficientnetSize, efficientnetSize, 3], dtype: 'uint8' };
  return {
    layout,
    features: {
      name: 'efficientnet-lite0',
      identity: JSON.stringify({ stages, stemChannels, batch: efficientnetBatch }),
      inputs: { weights: { shape: [layout.size], dtype: 'float32' }, images },
      lasting: ['weights'],
      outputs: { features: { shape: [efficientnetBatch, efficientnetFeatures], dtype: 'float32' } },
      run(inputs) {
        const weights = unpack(layout, inputs.weights);
        const pass = { training: false, parameter: (name: string) => weights.get(name) as Tensor };
        // The network was trained on such values.
        const values = mul(sub(inputs.images, 127), 1 / 128);
        return { features: mean(applyLayers(layers, values, pass), [1, 2]) };
      },
    },
  };
}

function activation(): Layer {
  return stateless((x) => relu6(x));
}

function blocks(): Layer[] {
  const made: Layer[] = [];
  let inputs = stemChannels;
  for (const { blocks: count, kernel, stride, expansion, channels } of stages) {
    for (let k = 0; k < count; k++) {
      const size = { kernel, stride: k === 0 ? stride : 1, expanded: inputs * expansion };
      made.push(block(`block${made.length}`, inputs, channels, size));
      inputs = channels;
    }
  }
  return made;
}

/**
 * A block: [B, H, W, inputs] -> [B, H / stride, W / stride, outputs]. More channels (if `expanded` is not `inputs`), a
 * convolution of each channel, fewer channels; the input is added if it has the output's shape.
 */
function block(
  name: string,
  inputs: number,
  outputs: number,
  { kernel, stride, expanded }: { readonly kernel: number; readonly stride: number; readonly expanded: number },
): Layer {
  const one = { kernel: 1, stride: 1 };
  const layers = [
    ...(expanded === inputs ? [] : [convolution(`${name}-expand`, inputs, expanded, one), activation()]),
    depthwise(`${name}-depthwise`, expanded, kernel, stride),
    activation(),
    convolution(`${name}-project`, expanded, outputs, one),
  ];
  const isResidual = stride === 1 && inputs === outputs;
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply(x, pass) {
      const y = applyLayers(layers, x, pass);
      return isResidual ? add(x, y) : y;
    },
  };
}

/** A convolution of each channel by itself, with a bias: [B, H, W, C] -> [B, H / stride, W / stride, C]. */
function depthwise(name: string, channels: number, kernel: number, stride: number): Layer {
  const initializer = { kind: 'constant', value: 0 } as const;
  return {
    parameters: [
      { name: `${name}/kernel`, shape: [kernel, kernel, channels, 1], role: 'trainable', initializer },
      { name: `${name}/bias`, shape: [channels], role: 'trainable', initializer },
    ],
    apply: (x, { parameter }) =>
      add(
        depthwiseConv2d(x as Tensor4D, parameter(`${name}/kernel`) as Tensor4D, stride, 'same'),
        parameter(`${name}/bias`),
      ),
  };
}
