import type { ArraySpec, Layout, Unit } from '@lstm-gan/core';
import {
  applyLayers,
  convolution,
  dense,
  initialWeightsOf,
  leakyRelu,
  stateless,
  unpack,
  valueAndGradients,
} from '@lstm-gan/core/layers';
import { createLayout } from '@lstm-gan/core/weights';
import {
  logSoftmax,
  mean,
  mul,
  neg,
  reshape,
  softmax,
  sub,
  sum,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** What decides a classifier's layers. Its images have `classifierSize` pixels a side. */
export interface ClassifierShape {
  readonly channels: 1 | 3;
  readonly classes: number;
}

/** Width and height of a classifier's images. */
export const classifierSize = 32;

/** The number of a classifier's features: the outputs of its last layer but one. */
export const classifierFeatures = 128;

const filters = [16, 32] as const;
/** Each convolution halves width and height. */
const flattened = filters[1] * (classifierSize / 2 ** filters.length) ** 2;

/**
 * The units of a classifier. Shapes: B batch, K classes, F features. Images are uint8 [B, 32, 32, C]; weights are a
 * flat vector in `layout`.
 */
export interface ClassifierUnits {
  readonly layout: Layout;
  initialWeights(seed: number): Float32Array;
  /** The mean cross-entropy of a batch (nats), and its gradient. `labels` are float32 [B, K]: 1 at the class, else 0. */
  readonly train: Unit<'weights' | 'images' | 'labels', 'loss' | 'gradient'>;
  /** The features [B, F], and the probabilities of the classes [B, K]. */
  readonly classify: Unit<'weights' | 'images', 'features' | 'probabilities'>;
}

/** Defines a classifier: two convolutions (kernel 4, stride 2) and two dense layers, with LeakyReLU between them. */
export function createClassifierUnits({ channels, classes }: ClassifierShape, batch: number): ClassifierUnits {
  const body = [
    convolution('conv0', channels, filters[0]),
    leakyRelu(),
    convolution('conv1', filters[0], filters[1]),
    leakyRelu(),
    stateless((x) => reshape(x, [batch, flattened])),
    dense('features', flattened, classifierFeatures),
    leakyRelu(),
  ];
  const head = [dense('classes', classifierFeatures, classes)];
  const layers = [...body, ...head];
  const layout = createLayout(layers.flatMap(({ parameters }) => parameters));
  const float = (...shape: number[]): ArraySpec => ({ shape, dtype: 'float32' });
  const images: ArraySpec = { shape: [batch, classifierSize, classifierSize, channels], dtype: 'uint8' };
  const identity = JSON.stringify({ channels, classes, batch });
  const toUnitRange = (pixels: Tensor): Tensor => sub(mul(pixels, 1 / 127.5), 1);
  const passOver = (weights: ReadonlyMap<string, Tensor>) => ({
    training: false,
    parameter: (name: string) => weights.get(name) as Tensor,
  });
  return {
    layout,
    initialWeights: (seed) => initialWeightsOf(layers, 'discriminator', seed),
    train: {
      name: 'classifier-train',
      identity,
      inputs: { weights: float(layout.size), images, labels: float(batch, classes) },
      outputs: { loss: float(), gradient: float(layout.size) },
      run: (inputs) =>
        valueAndGradients(layout, unpack(layout, inputs.weights), (weights) => {
          const logits = applyLayers(layers, toUnitRange(inputs.images), passOver(weights));
          const loss = neg(mean(sum(mul(inputs.labels, logSoftmax(logits)), -1))) as Scalar;
          return { loss, extras: {} };
        }),
    },
    classify: {
      name: 'classifier-classify',
      identity,
      inputs: { weights: float(layout.size), images },
      lasting: ['weights'],
      outputs: { features: float(batch, classifierFeatures), probabilities: float(batch, classes) },
      run(inputs) {
        const pass = passOver(unpack(layout, inputs.weights));
        const features = applyLayers(body, toUnitRange(inputs.images), pass);
        return { features, probabilities: softmax(applyLayers(head, features, pass)) };
      },
    },
  };
}
