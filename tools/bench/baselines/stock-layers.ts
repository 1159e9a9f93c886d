/**
 * The model and the iteration of lstm-gan, written as a user of tfjs would write them: with stock `tf.layers`,
 * `tf.variableGrads` and `tf.train.adam` on tfjs-node, and without any optimisation of this project.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelConfig } from '@lstm-gan/core';

export interface StockModel {
  /** Runs one iteration: the discriminator on real and fake images, then the generator. Returns both losses. */
  step(images: Uint8Array): { discriminator: number; generator: number };
}

/** Builds the networks of a `rows` model with random weights. */
export function createStockModel(model: ModelConfig, batch: number): StockModel {
  const generator = createGenerator(model);
  const discriminator = createDiscriminator(model);
  const adamGenerator = tf.train.adam(2e-4, 0.5, 0.999, 1e-8);
  const adamDiscriminator = tf.train.adam(2e-4, 0.5, 0.999, 1e-8);
  const noise = () => tf.randomNormal([batch, model.latent]);
  const apply = (network: LayersModel, input: tf.Tensor) => network.apply(input, { training: true }) as tf.Tensor;

  const trainDiscriminator = (images: Uint8Array): number =>
    tf.tidy(() => {
      const { size, channels } = model.image;
      const pixels = tf.tensor4d(Float32Array.from(images), [batch, size, size, channels]);
      const real = tf.sub(tf.div(pixels, 127.5), 1);
      const fake = apply(generator, noise());
      const loss = () =>
        tf.add(
          tf.mean(tf.softplus(tf.neg(apply(discriminator, real)))),
          tf.mean(tf.softplus(apply(discriminator, fake))),
        ) as tf.Scalar;
      return update(adamDiscriminator, discriminator, loss);
    });

  const trainGenerator = (): number =>
    tf.tidy(() => {
      const loss = () => tf.mean(tf.softplus(tf.neg(apply(discriminator, apply(generator, noise()))))) as tf.Scalar;
      return update(adamGenerator, generator, loss);
    });

  return {
    step: (images) => ({ discriminator: trainDiscriminator(images), generator: trainGenerator() }),
  };
}

function update(optimizer: tf.Optimizer, network: LayersModel, loss: () => tf.Scalar): number {
  const variables = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(loss, variables);
  optimizer.applyGradients(grads);
  return value.dataSync()[0] ?? Number.NaN;
}

function createGenerator(model: ModelConfig): LayersModel {
  const { generator } = model;
  if (generator.kind !== 'rows') throw new Error('stock layers are written for rows models only');
  const network = sequential();
  network.add(layers.dense({ units: generator.dense, inputShape: [model.latent] }));
  network.add(layers.leakyReLU({ alpha: 0.2 }));
  network.add(layers.reshape({ targetShape: [generator.steps, generator.stepSize] }));
  // Glorot instead of the usual orthogonal kernel, which takes tfjs minutes at this size.
  network.add(
    layers.lstm({
      units: generator.lstm,
      returnSequences: true,
      recurrentInitializer: 'glorotUniform',
      recurrentActivation: 'sigmoid',
    }),
  );
  network.add(layers.reshape({ targetShape: [...generator.base] }));
  for (const filters of generator.filters) {
    network.add(layers.batchNormalization({ momentum: 0.8, epsilon: 1e-3 }));
    network.add(layers.conv2dTranspose({ filters, kernelSize: 4, strides: 2, padding: 'same' }));
    network.add(layers.leakyReLU({ alpha: 0.2 }));
  }
  network.add(layers.batchNormalization({ momentum: 0.8, epsilon: 1e-3 }));
  network.add(
    layers.conv2dTranspose({
      filters: model.image.channels,
      kernelSize: 4,
      strides: 2,
      padding: 'same',
      activation: 'tanh',
    }),
  );
  return network;
}

function createDiscriminator(model: ModelConfig): LayersModel {
  const { image, discriminator } = model;
  const { size, channels } = image;
  if (discriminator.kind === 'custom')
    throw new Error('stock layers are written for convolutional discriminators only');
  const network = sequential();
  network.add(layers.inputLayer({ inputShape: [size, size, channels] }));
  for (const filters of discriminator.filters) {
    network.add(layers.conv2d({ filters, kernelSize: 4, strides: 2, padding: 'same' }));
    network.add(layers.leakyReLU({ alpha: 0.2 }));
    network.add(layers.dropout({ rate: discriminator.dropout }));
  }
  network.add(layers.flatten());
  network.add(layers.dense({ units: 1 }));
  return network;
}
